#!/usr/bin/env python3
"""A cable with a bad middle: forwards frames between two interfaces, and treats UDP as it is told.

  near <-- AF_PACKET --> here <-- AF_PACKET --> far

Started by network.ts with the names of both interfaces, a seed and the path of a socket. Each line that comes over the
socket is an object of JSON with what is to happen from now on, and is answered by a line with the counts so far:

  lose, duplicate, reorder, flip, replay, stranger   probabilities from 0 to 1, for each datagram
  delay                                              of all datagrams, in ms
  reorderBy                                          further delay of those that are reordered, in ms
  blocked                                            4 or 6: nothing of this version of IP passes; 0: nothing is blocked
  ahead                                              1: what is flipped comes before its original, not behind

What passes is never rewritten. `flip`, `replay` and `stranger` add a datagram: a copy with one bit of its payload
turned, one that was seen before, a copy from another port. Each datagram draws the same number of random values, so
that a seed decides the same for the same traffic.
"""
import collections
import heapq
import json
import os
import random
import select
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_VNET_HDR, ETH_P_ALL, PACKET_OUTGOING = 263, 15, 3, 4
# struct virtio_net_hdr: the kernel tells of checksums and segments that are still to be made, and is told the same.
VIRTIO, NEEDS_CSUM = 10, 1
KINDS = ("lose", "duplicate", "reorder", "flip", "replay", "stranger")
HISTORY = 64


def open_interface(name):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    opened.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    opened.bind((name, ETH_P_ALL))
    opened.setblocking(False)
    return opened


def udp_offset(frame):
    """Where the header of UDP begins, or None: Ethernet, then IPv4 or IPv6 without extension headers."""
    if len(frame) < VIRTIO + 42:
        return None
    (kind,) = struct.unpack_from("!H", frame, VIRTIO + 12)
    ip = VIRTIO + 14
    if kind == 0x0800 and frame[ip + 9] == 17 and struct.unpack_from("!H", frame, ip + 6)[0] & 0x1FFF == 0:
        return ip + 4 * (frame[ip] & 15)
    if kind == 0x86DD and frame[ip + 6] == 17:
        return ip + 40
    return None


def with_checksum(frame, udp):
    """A forged datagram is to be dropped by whom it is meant for, not by the kernel."""
    if frame[0] & NEEDS_CSUM:
        return frame
    ip = VIRTIO + 14
    addresses = frame[ip + 12 : ip + 20] if frame[ip] >> 4 == 4 else frame[ip + 8 : ip + 40]
    (length,) = struct.unpack_from("!H", frame, udp + 4)
    struct.pack_into("!H", frame, udp + 6, 0)
    summed = addresses + struct.pack("!HH", 17, length) + frame[udp : udp + length] + b"\0" * (length % 2)
    total = sum(struct.unpack(f"!{len(summed) // 2}H", summed))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("!H", frame, udp + 6, ~total & 0xFFFF or 0xFFFF)
    return frame


class Direction:
    """From one interface to the other, with its own share of chance."""

    def __init__(self, source, target, seed):
        self.source, self.target = source, target
        self.random = random.Random(seed)
        self.history = collections.deque(maxlen=HISTORY)

    def take(self, frame, rules, counts):
        """What is to be sent, each with its delay in ms."""
        udp = udp_offset(frame)
        if udp is None:
            return [(0, frame)]
        if frame[VIRTIO + 14] >> 4 == rules["blocked"]:
            return []
        happens = {kind: self.random.random() < rules[kind] for kind in KINDS}
        where, which, port = (self.random.random() for _ in range(3))
        for kind in KINDS:
            counts[kind] += happens[kind]
        counts["seen"] += 1
        if happens["lose"]:
            return []
        delay = rules["delay"] + (rules["reorderBy"] if happens["reorder"] else 0)
        sent = [(delay, frame)] * (2 if happens["duplicate"] else 1)
        if happens["flip"] and len(frame) > udp + 8:
            bit = int(where * 8 * (len(frame) - udp - 8))
            turned = bytearray(frame)
            turned[udp + 8 + bit // 8] ^= 1 << bit % 8
            sent.insert(0 if rules["ahead"] else len(sent), (delay, with_checksum(turned, udp)))
        if happens["replay"] and self.history:
            sent.append((delay, self.history[int(which * len(self.history))]))
        if happens["stranger"]:
            strange = bytearray(frame)
            struct.pack_into("!H", strange, udp, 1024 + int(port * 64000))
            sent.append((delay, with_checksum(strange, udp)))
        self.history.append(frame)
        return sent


class Relay:
    def __init__(self, near, far, seed, path):
        ends = [open_interface(near), open_interface(far)]
        pairs = (ends, ends[::-1])
        self.directions = {pair[0]: Direction(*pair, f"{seed} {index}") for index, pair in enumerate(pairs)}
        self.rules = dict.fromkeys((*KINDS, "delay", "reorderBy", "blocked", "ahead"), 0)
        self.counts = dict.fromkeys(("seen", *KINDS), 0)
        self.waiting, self.number = [], 0
        self.door = socket.socket(socket.AF_UNIX)
        self.door.bind(path)
        self.door.listen()
        self.control, self.line = None, b""

    def run(self):
        print("up", flush=True)
        while True:
            patience = max(0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            open_now = [*self.directions, self.door, *([self.control] if self.control else [])]
            for ready in select.select(open_now, [], [], patience)[0]:
                if ready is self.door:
                    self.control = self.door.accept()[0]
                elif ready is self.control:
                    self.obey()
                else:
                    self.forward(self.directions[ready])
            while self.waiting and self.waiting[0][0] <= time.monotonic():
                _, _, target, frame = heapq.heappop(self.waiting)
                self.send(target, frame)

    def forward(self, direction):
        try:
            frame, address = direction.source.recvfrom(131072)
        except OSError:
            return
        # What was sent here comes by again.
        if address[2] == PACKET_OUTGOING:
            return
        for delay, sent in direction.take(frame, self.rules, self.counts):
            if delay == 0:
                self.send(direction.target, sent)
            else:
                self.number += 1
                heapq.heappush(self.waiting, (time.monotonic() + delay / 1000, self.number, direction.target, sent))

    @staticmethod
    def send(target, frame):
        try:
            target.send(frame)
        except OSError:
            # A cable may be full or unplugged: that is a loss too.
            pass

    def obey(self):
        told = self.control.recv(65536)
        if not told:
            self.control.close()
            self.control = None
            return
        *lines, self.line = (self.line + told).split(b"\n")
        for line in lines:
            self.rules.update(json.loads(line))
            self.control.sendall(json.dumps(self.counts).encode() + b"\n")


if __name__ == "__main__":
    near, far, seed, path = sys.argv[1:]
    if os.path.exists(path):
        os.unlink(path)
    Relay(near, far, seed, path).run()
