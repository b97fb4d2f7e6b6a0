"""The program that holds espeak-ng: texts on stdin, sound and events on stdout, then it ends.

It runs as a process of its own for every request. espeak-ng keeps state from one utterance to the
next, so only a fresh process says the same text with the same bytes; and its licence (GPL-3)
binds this process alone. Nothing but the standard library is imported: run it with `python -I -S`.

In: one JSON object, see `engines/espeak.py`. Out: a line of JSON that tells the rate and, for every
text, its number of samples and its events; then the samples of all texts, 16-bit little-endian.
"""

import ctypes
import json
import resource
import sys

RATE, PITCH, PITCH_RANGE, WORD_GAP = 1, 3, 4, 7  # espeak_PARAMETER
SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT
PHONEME_EVENTS, IPA_NAMES, RETURN_ERRORS = 1, 2, 0x8000
UTF8, END_PAUSE = 1, 0x1000
WORD, PHONEME = 1, 7  # espeak_EVENT_TYPE


class Identity(ctypes.Union):
    """What an event is about."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", Identity),
    )


Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
)


class Recorder:
    """Takes down what espeak-ng says until it has said enough."""

    def __init__(self, samples_limit: int) -> None:
        self.bytes_limit = samples_limit * 2
        self.sound = bytearray()
        self.events: list[tuple[int, int, int, str]] = []

    def take(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        """Keep one stretch of sound and its events; return 1 to make espeak-ng stop."""
        if count > 0:
            self.sound += ctypes.string_at(samples, count * 2)
        index = 0
        while (event := events[index]).type:  # type: ignore[index]
            text = event.id.text.decode(errors="ignore") if event.type == PHONEME else ""
            if event.type in {WORD, PHONEME}:
                self.events.append((event.type, event.sample, event.text_position - 1, text))
            index += 1
        return int(len(self.sound) > self.bytes_limit)


def speak(library: ctypes.CDLL, text: str, samples_limit: int) -> Recorder:
    """Return what espeak-ng says for a text."""
    recorder = Recorder(samples_limit)
    callback = Callback(recorder.take)
    library.espeak_SetSynthCallback(callback)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 1, 0, UTF8 | END_PAUSE, None, None)
    library.espeak_Synchronize()
    return recorder


def limit(seconds: int, gibibytes: int) -> None:
    """Keep this process from running away with the machine."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (gibibytes << 30, gibibytes << 30))


def main() -> int:
    """Speak what stdin asks for."""
    request = json.load(sys.stdin)
    limit(request["seconds"], 2)
    library = ctypes.CDLL(request["library"])
    options = PHONEME_EVENTS | IPA_NAMES | RETURN_ERRORS
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, request["data"].encode(), options)
    if rate <= 0 or library.espeak_SetVoiceByName(request["voice"].encode()):
        return 1
    library.espeak_ng_SetRandSeed(ctypes.c_long(1))  # else the noise of breath follows the clock
    for parameter in (RATE, PITCH, PITCH_RANGE, WORD_GAP):
        library.espeak_SetParameter(parameter, request["parameters"][str(parameter)], 0)
    said = [speak(library, text, request["samples_limit"]) for text in request["texts"]]
    utterances = [{"samples": len(one.sound) // 2, "events": one.events} for one in said]
    heading = json.dumps({"rate": rate, "utterances": utterances})
    sys.stdout.buffer.write(heading.encode() + b"\n")
    for one in said:
        sys.stdout.buffer.write(one.sound)
    return 0


if __name__ == "__main__":
    sys.exit(main())
