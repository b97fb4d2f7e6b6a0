// A client of another team, in another language: it has read the protos, and nothing else of ours.
//
// It orders a video and watches it; without -cancel it fetches the files, with it the video is
// stopped at its first event. Then it asks what the video was made from. What happens is printed as
// lines of JSON.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/bufbuild/protocompile"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

const pkg = "rostrum.director.v1."

// document is a message in its JSON mapping.
type document = map[string]any

// client calls methods whose messages it knows from .proto files alone.
type client struct {
	connection *grpc.ClientConn
	methods    map[string]protoreflect.MethodDescriptor
}

func main() {
	to := flag.String("to", "", "the director's host:port")
	protos := flag.String("protos", "", "folder of the agreements")
	order := flag.String("order", "", "a CreateVideoRequest as JSON")
	out := flag.String("out", "", "folder for the video's files")
	cancel := flag.Bool("cancel", false, "stop the video at its first event")
	patience := flag.Duration("within", 5*time.Minute, "deadline of the whole")
	flag.Parse()
	ctx, stop := context.WithTimeout(context.Background(), *patience)
	defer stop()
	if err := run(ctx, *to, *protos, *order, *out, *cancel); err != nil {
		say(complaint(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, to, protos, orderFile, out string, cancel bool) error {
	rostrum, err := connect(ctx, to, protos)
	if err != nil {
		return err
	}
	defer rostrum.connection.Close()
	order, err := read(orderFile)
	if err != nil {
		return err
	}
	made, err := rostrum.ask(ctx, "Production", "CreateVideo", order)
	if err != nil {
		return err
	}
	id := made["video"].(document)["id"].(string)
	say(document{"step": "made", "id": id})
	if err := rostrum.watch(ctx, id, cancel); err != nil {
		return err
	}
	answer, err := rostrum.ask(ctx, "Production", "GetVideo", document{"id": id})
	if err != nil {
		return err
	}
	video := answer["video"].(document)
	say(document{"step": "ended", "state": video["state"], "complaints": video["complaints"]})
	outputs, _ := video["outputs"].([]any)
	for _, output := range outputs {
		if err := rostrum.download(ctx, output.(document), out); err != nil {
			return err
		}
	}
	return rostrum.record(ctx, id)
}

// record prints what a video was made from: its presenter, and a line for each task.
func (c *client) record(ctx context.Context, id string) error {
	return c.follow(ctx, "Production", "GetRecord", document{"id": id}, func(m document) error {
		part := m["record"].(document)
		if commission, ok := part["commission"].(document); ok {
			presenter, _ := commission["presenter"].(document)
			say(document{"step": "made from", "presenter": presenter["name"]})
		}
		tasks, _ := part["tasks"].([]any)
		for _, each := range tasks {
			task := each.(document)
			say(document{"step": "task", "name": task["name"], "request": task["request"]})
		}
		return nil
	})
}

// watch prints what happens to a video until it has ended.
func (c *client) watch(ctx context.Context, id string, cancel bool) error {
	return c.follow(ctx, "Production", "WatchVideo", document{"id": id}, func(m document) error {
		event := m["event"].(document)
		say(document{"step": "event", "kind": event["kind"], "cursor": event["cursor"]})
		if !cancel {
			return nil
		}
		cancel = false
		_, err := c.ask(ctx, "Production", "CancelVideo", document{"id": id})
		return err
	})
}

// download fetches a file and checks it against its digest.
func (c *client) download(ctx context.Context, output document, out string) error {
	name, digest := filepath.Base(output["name"].(string)), output["digest"].(string)
	file, err := os.Create(filepath.Join(out, name))
	if err != nil {
		return err
	}
	defer file.Close()
	sum, length := sha256.New(), 0
	request := document{"digest": digest}
	err = c.follow(ctx, "Media", "Download", request, func(m document) error {
		piece, err := decoded(m["data"])
		length += len(piece)
		sum.Write(piece)
		_, failed := file.Write(piece)
		return errors.Join(err, failed)
	})
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != digest {
		return fmt.Errorf("%s has the digest %s, not %s", name, got, digest)
	}
	say(document{"step": "downloaded", "name": name, "digest": digest, "bytes": length})
	return nil
}

// connect reads the agreements and opens a connection.
func connect(ctx context.Context, to, protos string) (*client, error) {
	compiler := protocompile.Compiler{
		Resolver: protocompile.WithStandardImports(
			&protocompile.SourceResolver{ImportPaths: []string{protos}}),
	}
	folder := "rostrum/director/v1/"
	found, err := compiler.Compile(ctx, folder+"production.proto", folder+"media.proto")
	if err != nil {
		return nil, err
	}
	methods := map[string]protoreflect.MethodDescriptor{}
	for _, file := range found {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				method := service.Methods().Get(j)
				methods[string(service.Name())+"/"+string(method.Name())] = method
			}
		}
	}
	plain := grpc.WithTransportCredentials(insecure.NewCredentials())
	connection, err := grpc.NewClient(to, plain)
	return &client{connection, methods}, err
}

// ask calls a method that answers once.
func (c *client) ask(ctx context.Context, service, method string, said document) (document, error) {
	call := c.methods[service+"/"+method]
	request, err := message(call.Input(), said)
	if err != nil {
		return nil, err
	}
	answer := dynamicpb.NewMessage(call.Output())
	path := "/" + pkg + service + "/" + method
	if err := c.connection.Invoke(ctx, path, request, answer); err != nil {
		return nil, err
	}
	return documentOf(answer)
}

// follow calls a method that streams, and does something with each answer.
func (c *client) follow(
	ctx context.Context, service, method string, said document, act func(document) error,
) error {
	call := c.methods[service+"/"+method]
	request, err := message(call.Input(), said)
	if err != nil {
		return err
	}
	stream, err := c.connection.NewStream(
		ctx, &grpc.StreamDesc{ServerStreams: true}, "/"+pkg+service+"/"+method)
	if err != nil {
		return err
	}
	if err := errors.Join(stream.SendMsg(request), stream.CloseSend()); err != nil {
		return err
	}
	for {
		answer := dynamicpb.NewMessage(call.Output())
		if err := stream.RecvMsg(answer); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		said, err := documentOf(answer)
		if err := errors.Join(err, act(said)); err != nil {
			return err
		}
	}
}

func message(kind protoreflect.MessageDescriptor, said document) (*dynamicpb.Message, error) {
	text, err := json.Marshal(said)
	if err != nil {
		return nil, err
	}
	made := dynamicpb.NewMessage(kind)
	return made, protojson.Unmarshal(text, made)
}

func documentOf(answer *dynamicpb.Message) (document, error) {
	text, err := protojson.Marshal(answer)
	if err != nil {
		return nil, err
	}
	said := document{}
	return said, json.Unmarshal(text, &said)
}

// decoded returns the bytes of a field, which JSON has in base64.
func decoded(field any) ([]byte, error) {
	var piece []byte
	text, err := json.Marshal(field)
	if err != nil {
		return nil, err
	}
	return piece, json.Unmarshal(bytes.TrimSpace(text), &piece)
}

func read(file string) (document, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	said := document{}
	return said, json.Unmarshal(text, &said)
}

// complaint returns an error as a line of JSON: what the director said, in its own details.
func complaint(err error) document {
	said := status.Convert(err)
	line := document{"step": "refused", "code": said.Code().String(), "message": said.Message()}
	fields := []string{}
	for _, detail := range said.Details() {
		switch known := detail.(type) {
		case *errdetails.ErrorInfo:
			line["reason"], line["domain"] = known.Reason, known.Domain
		case *errdetails.BadRequest:
			for _, violation := range known.FieldViolations {
				fields = append(fields, violation.Field)
			}
		}
	}
	line["fields"] = fields
	return line
}

func say(line document) {
	_ = json.NewEncoder(os.Stdout).Encode(line)
}
