"""What a scripted model says, in the words of each upstream wire, whole and streamed."""
import dataclasses
import json

from conftest import Reply


@dataclasses.dataclass
class Text:
    text: str


@dataclasses.dataclass
class Think:
    text: str
    signature: str = ""  # Gemini has it on the part that follows


@dataclasses.dataclass
class Call:
    id: str
    name: str
    args: dict
    signature: str = ""  # Gemini only


@dataclasses.dataclass
class Image:
    data: str  # base64 of a PNG


# 11 tokens in, 3 of them from a cache; 7 out, in Chat's and Gemini's words 2 of them for reasoning.
USAGE = {
    "openai-chat": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 3},
                    "completion_tokens_details": {"reasoning_tokens": 2}},
    "anthropic": {"input_tokens": 8, "cache_read_input_tokens": 3, "output_tokens": 7},
    "gemini": {"promptTokenCount": 11, "cachedContentTokenCount": 3, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 18},
}


def reply(wire, turn, stream):
    """A turn as a wire's answer."""
    if stream:
        return Reply.stream(frames(wire, turn))
    return Reply.json({"openai-chat": _chat, "anthropic": _messages, "gemini": _gemini}[wire](turn))


def frames(wire, turn):
    """A turn as a wire's stream: the texts cut into pieces."""
    return list({"openai-chat": _chat_frames, "anthropic": _messages_frames, "gemini": _gemini_frames}[wire](turn))


def _calls(turn):
    return [part for part in turn if isinstance(part, Call)]


def _cut(text, count=3):
    size = max(1, -(-len(text) // count))
    return [text[start:start + size] for start in range(0, len(text), size)]


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def data(value):
    return f"data: {compact(value)}\n\n"


def event(value):
    return f"event: {value['type']}\ndata: {compact(value)}\n\n"


# OpenAI Chat


def _chat(turn):
    message = {"role": "assistant", "content": "".join(part.text for part in turn if isinstance(part, Text)) or None}
    if thoughts := "".join(part.text for part in turn if isinstance(part, Think)):
        message["reasoning_content"] = thoughts
    if calls := _calls(turn):
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": compact(call.args) if call.args else ""}} for call in calls]
    if images := [part for part in turn if isinstance(part, Image)]:
        message["images"] = [{"type": "image_url", "index": i, "image_url": {"url": "data:image/png;base64," + image.data}} for i, image in enumerate(images)]
    return {"id": "chatcmpl-up", "object": "chat.completion", "created": 1700000000, "model": "up-model", "usage": USAGE["openai-chat"],
            "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}]}


def _chat_frames(turn):
    def chunk(delta, finish=None):
        return data({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": "up-model",
                     "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    message = _chat(turn)["choices"][0]
    yield chunk({"role": "assistant", "content": ""})
    for member in ("reasoning_content", "content"):
        for piece in _cut(message["message"].get(member) or ""):
            yield chunk({member: piece})
    if images := message["message"].get("images"):
        yield chunk({"images": images})
    calls = message["message"].get("tool_calls", [])
    for index, call in enumerate(calls):
        yield chunk({"tool_calls": [{"index": index, "id": call["id"], "type": "function", "function": {"name": call["function"]["name"], "arguments": ""}}]})
    # The pieces of parallel calls come in turns.
    pieces = [_cut(call["function"]["arguments"]) for call in calls]
    for number in range(max(map(len, pieces), default=0)):
        for index, own in enumerate(pieces):
            if number < len(own):
                yield chunk({"tool_calls": [{"index": index, "function": {"arguments": own[number]}}]})
    yield chunk({}, message["finish_reason"])
    yield data({"id": "chatcmpl-up", "object": "chat.completion.chunk", "created": 1700000000, "model": "up-model", "choices": [], "usage": USAGE["openai-chat"]})
    yield "data: [DONE]\n\n"


# Anthropic Messages


def _block(part):
    match part:
        case Text(text): return {"type": "text", "text": text}
        case Think("", signature): return {"type": "redacted_thinking", "data": signature}
        case Think(text, signature): return {"type": "thinking", "thinking": text, "signature": signature}
        case Call(id, name, args): return {"type": "tool_use", "id": id, "name": name, "input": args}


def _messages(turn):
    return {"id": "msg_up", "type": "message", "role": "assistant", "model": "up-model", "content": [_block(part) for part in turn],
            "stop_reason": "tool_use" if _calls(turn) else "end_turn", "stop_sequence": None, "usage": USAGE["anthropic"]}


def _messages_frames(turn):
    whole = _messages(turn)
    yield event({"type": "message_start", "message": whole | {"content": [], "stop_reason": None, "usage": USAGE["anthropic"] | {"output_tokens": 1}}})
    yield event({"type": "ping"})
    for index, block in enumerate(whole["content"]):
        empty, deltas = block, []
        match block["type"]:
            case "text":
                empty = block | {"text": ""}
                deltas = [{"type": "text_delta", "text": piece} for piece in _cut(block["text"])]
            case "thinking":
                empty = block | {"thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _cut(block["thinking"])]
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            case "tool_use":
                empty = block | {"input": {}}
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ([""] + _cut(compact(block["input"])) if block["input"] else [])]
        yield event({"type": "content_block_start", "index": index, "content_block": empty})
        for delta in deltas:
            yield event({"type": "content_block_delta", "index": index, "delta": delta})
        yield event({"type": "content_block_stop", "index": index})
    yield event({"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"], "stop_sequence": None}, "usage": USAGE["anthropic"]})
    yield event({"type": "message_stop"})


# Gemini


def _part(part):
    match part:
        case Text(text): return {"text": text}
        case Think(text, signature): return {"text": text, "thought": True} | ({"thoughtSignature": signature} if signature else {})
        case Call(id, name, args, signature):
            return {"functionCall": {"id": id, "name": name, "args": args}} | ({"thoughtSignature": signature} if signature else {})
        case Image(image): return {"inlineData": {"mimeType": "image/png", "data": image}}


def _answer(parts, **more):
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": parts}} | more], "modelVersion": "up-model", "responseId": "up-1"}


def _gemini(turn):
    return _answer([_part(part) for part in turn], finishReason="STOP") | {"usageMetadata": USAGE["gemini"]}


def _gemini_frames(turn):
    for part in turn:
        whole = _part(part)
        for piece in _cut(part.text) if isinstance(part, (Text, Think)) and "thoughtSignature" not in whole else [None]:
            yield data(_answer([whole if piece is None else whole | {"text": piece}]))
    yield data(_answer([{"text": ""}], finishReason="STOP") | {"usageMetadata": USAGE["gemini"]})


# What the model was told


def heard(wire, body):
    """The conversation in a request, in one form for all wires: (role, what) one after the other, `what` as in a turn.

    Texts stand as strings, the model's own pieces of one text joined; images as Image, results as (call id, name or None, text)."""
    turns = []
    for role, what in {"openai-chat": _heard_chat, "anthropic": _heard_messages, "gemini": _heard_gemini}[wire](body):
        if what == "":
            continue
        if role == "assistant" and turns and turns[-1][0] == role and isinstance(what, str) and isinstance(turns[-1][1], str):
            what = turns.pop()[1] + what
        turns.append((role, what))
    return turns


def _heard_chat(body):
    for message in body["messages"]:
        role, content = message["role"], message.get("content")
        if role == "tool":
            yield "result", (message["tool_call_id"], None, content)
            continue
        if message.get("reasoning_content"):
            yield role, Think(message["reasoning_content"])
        for part in [{"type": "text", "text": content}] if isinstance(content, str) else content or []:
            yield role, part["text"] if part["type"] == "text" else Image(part["image_url"]["url"].removeprefix("data:image/png;base64,"))
        for call in message.get("tool_calls", []):
            yield role, Call(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))


def _heard_messages(body):
    if system := body.get("system"):
        yield "system", system
    for message in body["messages"]:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            match block["type"]:
                case "text": yield message["role"], block["text"]
                case "image": yield message["role"], Image(block["source"]["data"])
                case "thinking": yield message["role"], Think(block["thinking"], block["signature"])
                case "redacted_thinking": yield message["role"], Think("", block["data"])
                case "tool_use": yield message["role"], Call(block["id"], block["name"], block["input"])
                case "tool_result":
                    told = block["content"]
                    yield "result", (block["tool_use_id"], None, told if isinstance(told, str) else "".join(part["text"] for part in told))


def _heard_gemini(body):
    for content in body["contents"]:
        role = "assistant" if content.get("role") == "model" else "user"
        for part in content["parts"]:
            signature = part.get("thoughtSignature", "")
            if part.get("thought"):
                yield role, Think(part["text"], signature)
            elif "text" in part:
                yield role, part["text"]
            elif "inlineData" in part:
                data = part["inlineData"]["data"].replace("-", "+").replace("_", "/")
                yield role, Image(data)
            elif "functionCall" in part:
                call = part["functionCall"]
                yield role, Call(call.get("id"), call["name"], call.get("args", {}), signature)
            else:
                told = part["functionResponse"]
                yield "result", (told.get("id"), told["name"], told["response"].get("output", told["response"]))
