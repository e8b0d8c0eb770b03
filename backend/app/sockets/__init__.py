"""Events over Socket.IO: the connections of one process, and what they hear."""

PATH = "/socket.io/"
