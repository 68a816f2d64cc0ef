"""A fan in Python: speaks with a room by the library `websockets`, and prints what it got as JSON.

Arguments: the socket's address, a credential, and a second one for a second line.
"""

import asyncio
import json
import sys

from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import connect


async def objects(socket):
    """The objects of every frame, in order."""
    async for frame in socket:
        for thing in json.loads(frame):
            yield thing


async def until(socket, *types):
    """Reads until one of each of these types was there, and gives them."""
    found = {}
    async for thing in objects(socket):
        if thing["type"] in types:
            found.setdefault(thing["type"], thing)
        if len(found) == len(types):
            break
    return found


async def chat(address, credential):
    """Says a line in pieces with a ping in between, and closes."""
    async with connect(address, compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": credential}))
        await until(socket, "welcome")
        line = json.dumps({"type": "send", "id": "python-1", "text": "Grüße aus 🐍"}, ensure_ascii=False)

        async def pieces():
            yield line[:10]
            pong = await socket.ping(b"are you there")
            yield line[10:40]
            await pong
            yield line[40:]

        await socket.send(pieces())
        found = await until(socket, "ack", "message")
        await socket.close(1000, "enough")
        return {"ack": found["ack"]["id"], "text": found["message"]["text"], "closed": socket.close_code}


async def break_a_rule(address, credential, frame):
    """Sends what no client may, and reads to the end."""
    async with connect(address, compression=None) as socket:
        await socket.send(json.dumps({"type": "hello", "token": credential}))
        await until(socket, "welcome")
        await socket.send(frame)
        bye = await until(socket, "bye")
        try:
            await socket.recv()
        except ConnectionClosed:
            pass
        return {"bye": bye["bye"]["code"], "closed": socket.close_code}


async def main(address, credentials):
    print(
        json.dumps(
            {
                "chat": await chat(address, credentials[0]),
                "binary": await break_a_rule(address, credentials[1], b"binary"),
                "oversized": await break_a_rule(address, credentials[2], "x" * 8_193),
            }
        )
    )


asyncio.run(main(sys.argv[1], sys.argv[2:]))
