"""The official client of the Model Context Protocol, run by the judges' Python: standard input has a JSON object that says
where to connect and what to ask, standard output gets what came, one JSON value for each question.

    {"url": …, "token": …} or {"command": …, "args": […], "env": {…}}, "mode": "auto" | "legacy", "ask": [[METHOD, ARGUMENTS…], …]"""
import asyncio
import json
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError


def plain(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True) if hasattr(value, "model_dump") else value


async def ask(client, method, *arguments):
    progress = []

    async def on_progress(done, total, message):
        progress.append([done, message])

    if method == "call_tool":
        result = plain(await client.call_tool(*arguments, progress_callback=on_progress))
        return {**result, "progress": progress}
    return plain(await getattr(client, method)(*arguments))


async def run(order):
    if "url" in order:
        http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {order['token']}"}, timeout=60)
        target = streamable_http_client(order["url"], http_client=http)
    else:
        target = StdioServerParameters(command=order["command"], args=order["args"], env=order.get("env"))
    answers = []
    async with Client(target, mode=order["mode"]) as client:
        answers.append({"protocol": client.protocol_version, "server": plain(client.server_info),
                        "instructions": client.instructions})
        for question in order["ask"]:
            try:
                answers.append(await ask(client, *question))
            except MCPError as error:
                answers.append({"refused": error.error.code, "message": error.error.message})
    return answers


print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
