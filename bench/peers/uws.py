"""uWebSockets at its best: its own publish to a topic, no compression. Python is called once a message, not once a delivery."""

import sys

from socketify import App, CompressOptions, OpCode

app = App()
app.ws(
    "/room",
    {
        "compression": CompressOptions.DISABLED,
        "max_payload_length": 64 * 1024,
        "idle_timeout": 300,
        "max_backpressure": 64 * 1024 * 1024,
        "open": lambda socket: socket.subscribe("room"),
        # The app publishes, not the socket: who says it hears it too.
        "message": lambda socket, message, opcode: app.publish("room", message, OpCode.TEXT, False),
    },
)
app.listen(int(sys.argv[1]), lambda config: None)
# The library's own loop beside asyncio's polls: without anything asynchronous, the native one alone is enough.
app.loop.uv_loop.run()
