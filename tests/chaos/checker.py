"""What must hold once all is quiet, whatever was done to the line."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, cast

from rostrum.director.v1.production_pb2 import Video, VideoEvent

from services.chassis.bus.kafka import KafkaBus
from services.chassis.envelope import unwrap
from services.chassis.errors import Corrupt
from services.chassis.topics import REPORTS, VIDEOS, Topic
from tests.chaos.audit import ENDED, Audit
from tests.chaos.doors import Doors, is_finished
from tests.chaos.jobs import Files
from tests.chaos.line import Line

POLL_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 120.0
"""In which the broker gives all that was published; it may hardly get the processor."""
DOWNLOADS: Final = 20
"""Videos whose files are fetched through a door, too."""


def complaints(
    line: Line, doors: Doors, audit: Audit, wanted: Mapping[str, Files], ids: Mapping[str, str]
) -> Iterator[str]:
    """Yield everything that is not as it must be.

    wanted: files of each job, by request id. ids: the video that each became.
    """
    yield from audit.complaints()
    videos = {video.id: video for video in doors.videos()}
    yield from _about_jobs(wanted, ids, videos)
    yield from _about_files(line, doors, videos)
    yield from _about_events(line, videos)
    yield from _about_reports(line, audit)


def _about_jobs(
    wanted: Mapping[str, Files], ids: Mapping[str, str], videos: Mapping[str, Video]
) -> Iterator[str]:
    for job in wanted.keys() - ids.keys():
        yield f"job {job} was never accepted"
    if len(videos) != len(set(ids.values())):
        yield f"{len(videos)} videos are listed, {len(set(ids.values()))} were ordered"
    for job, video_id in ids.items():
        video = videos.get(video_id)
        if video is None:
            yield f"job {job}: video {video_id} is not listed"
        elif not is_finished(video):
            said = "; ".join(f"{c.field} {c.reason} {c.remedy}" for c in video.complaints)
            yield f"job {job}: video {video_id} is in state {video.state}: {said}"
        elif {output.name: output.digest for output in video.outputs} != wanted[job]:
            yield f"job {job}: video {video_id} has other files than undisturbed"


def _about_files(line: Line, doors: Doors, videos: Mapping[str, Video]) -> Iterator[str]:
    for number, video in enumerate(videos.values()):
        for output in video.outputs:
            try:
                data = line.store.get(output.digest)
            except Corrupt as error:
                yield f"video {video.id}: {output.name}: {error}"
                continue
            if number < DOWNLOADS and doors.download(output.digest) != data:
                yield f"video {video.id}: {output.name}: a download gives other bytes"


def _about_events(line: Line, videos: Mapping[str, Video]) -> Iterator[str]:
    """Hold what other teams were told to what is so: each event at least once, in order."""
    told: defaultdict[str, list[VideoEvent]] = defaultdict(list)
    for event in _published(line):
        told[event.video.id].append(event)
    for video in videos.values():
        numbers = [event.video.seq for event in told[video.id]]
        firsts = list(dict.fromkeys(numbers))
        if firsts != list(range(1, video.seq + 1)):
            yield f"video {video.id}: its {video.seq} events were published as {_short(firsts)}"
        ends = Counter(e.video.seq for e in told[video.id] if e.kind in ENDED)
        if video.seq not in ends:
            yield f"video {video.id}: its end was not published"


def _published(line: Line) -> Iterator[VideoEvent]:
    ends, read = _ends(line, VIDEOS), dict[int, int]()
    deadline = time.monotonic() + PATIENCE_SECONDS
    bus = KafkaBus(line.bus_settings)
    try:
        follower = bus.follow([VIDEOS.name], from_end=False)
        while any(read.get(n, 0) < end for n, end in ends.items()):
            if time.monotonic() > deadline:
                return
            for record in follower.poll(POLL_SECONDS, 500):
                read[record.partition] = record.offset + 1
                if (envelope := unwrap(record)) is not None:
                    yield cast("VideoEvent", envelope.message)
    finally:
        bus.close()


def _about_reports(line: Line, audit: Audit) -> Iterator[str]:
    """Hold how far the line has read to how far there is something to read."""
    read = audit.offsets(REPORTS.name)
    for number, end in _ends(line, REPORTS).items():
        if read.get(number, 0) < end:
            yield f"reports of partition {number} are read to {read.get(number, 0)} of {end}"


def _ends(line: Line, topic: Topic) -> dict[int, int]:
    """Return the next offset of each partition of a topic."""
    from kafka import KafkaConsumer, TopicPartition  # noqa: PLC0415  # slow

    consumer = KafkaConsumer(bootstrap_servers=line.kafka.address)
    try:
        partitions = [TopicPartition(topic.name, n) for n in range(topic.partitions)]
        ends = consumer.end_offsets(partitions, timeout_ms=int(PATIENCE_SECONDS * 1000))
    finally:
        consumer.close()
    return {partition.partition: end for partition, end in ends.items()}


def _short(numbers: Sequence[int]) -> str:
    return f"{list(numbers[:12])}{' …' if len(numbers) > 12 else ''}"
