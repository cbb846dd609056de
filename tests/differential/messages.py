"""Cuts what an origin or a client received into messages, strictly enough to count them."""

from dataclasses import dataclass

import re


@dataclass
class Message:
    head: bytes
    body: bytes = b""
    complete: bool = False

    def first_line(self):
        return self.head.split(b"\r\n", 1)[0]

    def field(self, name):
        found = re.search(rb"\r\n" + name + rb":[ \t]*([^\r\n]*)", self.head, re.IGNORECASE)
        return found.group(1).strip() if found else None

    def status(self):
        words = self.first_line().split(b" ")
        return int(words[1]) if len(words) > 1 and words[1].isdigit() and words[0].startswith(b"HTTP/") else 0


def _take_chunked(text):
    """(body, rest, complete)"""
    body = b""
    while True:
        line, end, text = text.partition(b"\r\n")
        if not end:
            return body, b"", False
        try:
            size = int(line.partition(b";")[0], 16)
        except ValueError:
            return body, b"", False
        if size == 0:
            break
        if len(text) < size + 2:
            return body + text[:size], b"", False
        body, text = body + text[:size], text[size + 2:]
    while True:
        line, end, text = text.partition(b"\r\n")
        if not end:
            return body, b"", False
        if not line:
            return body, text, True


def _take(text, bodiless, ended):
    head, end, rest = text.partition(b"\r\n\r\n")
    message = Message(head + b"\r\n")
    if not end:
        return Message(text), b""
    coding, length = message.field(b"transfer-encoding"), message.field(b"content-length")
    if bodiless(message):
        message.complete = True
    elif coding and coding.lower() == b"chunked":
        message.body, rest, message.complete = _take_chunked(rest)
    elif length and length.isdigit():
        size = int(length)
        message.body, message.complete, rest = rest[:size], len(rest) >= size, rest[size:]
    else:
        message.body, message.complete, rest = rest, ended, b""
    return message, rest


def _read(text, bodiless, ended):
    messages = []
    while text and (not messages or messages[-1].complete):
        message, text = _take(text, bodiless, ended)
        messages.append(message)
    return messages


def requests(text):
    framed = (b"content-length", b"transfer-encoding")
    return _read(text, lambda message: not any(message.field(name) for name in framed), False)


def responses(text, ended, methods):
    """`methods`: what was asked, in order; GET where it is not known."""
    answered = 0

    def bodiless(message):
        nonlocal answered
        head = answered < len(methods) and methods[answered] == b"HEAD"
        answered += message.status() >= 200
        return head or message.status() < 200 or message.status() in (204, 304)

    return _read(text, bodiless, ended)
