"""One conversation through each official SDK, so that a test can be written once for all clients.

`ask` says something, `answer` brings the results of calls; both give what the model said as an `Answer`. The history is kept as
the SDK's own objects, and goes back as an application would send it.
"""
import base64
import dataclasses
import json

import anthropic
import openai
from google import genai
from google.genai import types

KEY = "sk-alice"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [("weather", "Tells the weather", CITY), ("clock", "Tells the time", {"type": "object", "properties": {}})]


@dataclasses.dataclass
class Answer:
    text: str
    thoughts: str
    calls: list  # of (id, name, arguments)
    usage: tuple  # tokens in, of them from a cache, tokens out
    model: str
    finish: str  # "stop" or "calls"
    message: object  # the SDK's own


class Talk:
    def __init__(self, gateway, model="fast", stream=False, tools=False, headers=None, key=KEY):
        self.model, self.stream, self.headers, self.history = model, stream, headers or {}, []
        self.tools = TOOLS if tools else []
        self.client = self.connect(gateway.url, key)

    def ask(self, text, image=None, **more):
        self.history.append(self.said(text, image))
        return self.turn(**more)

    def answer(self, results, **more):
        """`results`: text by the name of the call, given in the order of the calls."""
        self.history += self.results(results)
        return self.turn(**more)


class Chat(Talk):
    wire = "openai-chat"
    errors = openai

    def connect(self, url, key):
        return openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=20, default_headers=self.headers)

    def said(self, text, image):
        if image:
            text = [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": "data:image/png;base64," + image}}]
        return {"role": "user", "content": text}

    def results(self, results):
        return [{"role": "tool", "tool_call_id": call["id"], "content": results[call["function"]["name"]]} for call in self.history[-1]["tool_calls"]]

    def turn(self, **more):
        tools = [{"type": "function", "function": {"name": name, "description": text, "parameters": schema}} for name, text, schema in self.tools]
        asked = {"model": self.model, "messages": self.history} | ({"tools": tools} if tools else {}) | more
        if self.stream:
            message, finish, usage, model = self.gather(self.client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
        else:
            reply = self.client.chat.completions.create(**asked)
            message, finish = reply.choices[0].message.model_dump(exclude_none=True), reply.choices[0].finish_reason
            usage, model = reply.usage, reply.model
        self.history.append(message)
        calls = [(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}")) for call in message.get("tool_calls", [])]
        counts = usage and (usage.prompt_tokens, usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0, usage.completion_tokens)
        return Answer(message.get("content") or "", message.get("reasoning_content", ""), calls, counts, model,
                      {"tool_calls": "calls"}.get(finish, finish), message)

    @staticmethod
    def gather(stream):
        """The message that the deltas are, as an application puts it together."""
        message, calls, details, finish, usage, models = {"role": "assistant"}, {}, {}, None, None, set()
        for chunk in stream:
            models.add(chunk.model)
            usage = chunk.usage or usage
            for choice in chunk.choices:
                assert finish is None, "nothing comes behind the finish"
                finish = choice.finish_reason
                delta = choice.delta.model_dump(exclude_none=True)
                for name in ("content", "reasoning_content"):
                    if delta.get(name):
                        message[name] = message.get(name, "") + delta[name]
                if "images" in delta:
                    message["images"] = message.get("images", []) + delta["images"]
                for detail in delta.get("reasoning_details", []):
                    own = details.setdefault(detail["index"], {})
                    for name, value in detail.items():
                        own[name] = own.get(name, "") + value if name == "text" else value
                for call in delta.get("tool_calls", []):
                    own = calls.setdefault(call["index"], {"function": {"arguments": ""}})
                    own["function"]["arguments"] += call.get("function", {}).pop("arguments", "")
                    own["function"] |= call.pop("function", {})
                    own.update({name: value for name, value in call.items() if name != "index"})
        assert finish, "the stream has a finish"
        assert len(models) == 1
        if details:
            message["reasoning_details"] = [details[index] for index in sorted(details)]
        if calls:
            message["tool_calls"] = [calls[index] for index in sorted(calls)]
        return message, finish, usage, models.pop()


class Responses(Talk):
    wire = "openai-responses"
    errors = openai
    connect = Chat.connect

    def said(self, text, image):
        if image:
            text = [{"type": "input_text", "text": text}, {"type": "input_image", "image_url": "data:image/png;base64," + image, "detail": "auto"}]
        return {"role": "user", "content": text}

    def results(self, results):
        calls = [item for item in self.history if item.get("type") == "function_call"]
        return [{"type": "function_call_output", "call_id": call["call_id"], "output": results[call["name"]]} for call in calls[-len(results):]]

    def turn(self, **more):
        tools = [{"type": "function", "name": name, "description": text, "parameters": schema, "strict": False} for name, text, schema in self.tools]
        asked = {"model": self.model, "input": self.history, "store": False, "include": ["reasoning.encrypted_content"]} | ({"tools": tools} if tools else {}) | more
        if self.stream:
            with self.client.responses.stream(**asked) as stream:
                events = list(stream)
                assert [event.sequence_number for event in events] == list(range(len(events)))
                if events[-1].type == "response.failed":  # the SDK has no exception for it
                    raise openai.APIError(events[-1].response.error.message, None, body={"type": events[-1].response.error.code})
                reply = stream.get_final_response()
        else:
            reply = self.client.responses.create(**asked)
        assert reply.status == "completed"
        items = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in reply.output]
        for item in items:
            for part in item.get("content", []):
                part.pop("parsed", None)
        self.history += items
        calls = [(item["call_id"], item["name"], json.loads(item["arguments"])) for item in items if item["type"] == "function_call"]
        thoughts = "".join(part["text"] for item in items if item["type"] == "reasoning" for part in item["summary"])
        usage = reply.usage and (reply.usage.input_tokens, reply.usage.input_tokens_details.cached_tokens, reply.usage.output_tokens)
        return Answer(reply.output_text, thoughts, calls, usage, reply.model, "calls" if calls else "stop", reply)


class Messages(Talk):
    wire = "anthropic"
    errors = anthropic

    def connect(self, url, key):
        return anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=20, default_headers=self.headers)

    def said(self, text, image):
        if image:
            text = [{"type": "text", "text": text}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}}]
        return {"role": "user", "content": text}

    def results(self, results):
        calls = [block for block in self.history[-1]["content"] if block.type == "tool_use"]
        return [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": results[call.name]} for call in calls]}]

    def turn(self, **more):
        tools = [{"name": name, "description": text, "input_schema": schema} for name, text, schema in self.tools]
        asked = {"model": self.model, "max_tokens": 4000, "messages": self.history} | ({"tools": tools} if tools else {}) | more
        if self.stream:
            with self.client.messages.stream(**asked) as stream:
                message = stream.get_final_message()
        else:
            message = self.client.messages.create(**asked)
        self.history.append({"role": "assistant", "content": message.content})
        calls = [(block.id, block.name, block.input) for block in message.content if block.type == "tool_use"]
        usage = message.usage
        cached = usage.cache_read_input_tokens or 0
        return Answer("".join(block.text for block in message.content if block.type == "text"),
                      "".join(block.thinking for block in message.content if block.type == "thinking"), calls,
                      (usage.input_tokens + cached + (usage.cache_creation_input_tokens or 0), cached, usage.output_tokens), message.model,
                      {"tool_use": "calls", "end_turn": "stop"}[message.stop_reason], message)


class Gemini(Talk):
    wire = "gemini"
    errors = genai.errors

    def connect(self, url, key):
        return genai.Client(api_key=key, vertexai=False, http_options=types.HttpOptions(base_url=url, timeout=20000, headers=self.headers))

    def said(self, text, image):
        parts = [types.Part(text=text)]
        if image:
            parts.append(types.Part.from_bytes(data=base64.b64decode(image), mime_type="image/png"))
        return types.Content(role="user", parts=parts)

    def results(self, results):
        calls = [part.function_call for content in self.history[self.begin:] for part in content.parts if part.function_call]
        return [types.Content(role="user", parts=[
            types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": results[call.name]})) for call in calls])]

    def turn(self, **more):
        declared = [types.FunctionDeclaration(name=name, description=text, parameters_json_schema=schema) for name, text, schema in self.tools]
        settings = types.GenerateContentConfig(tools=[types.Tool(function_declarations=declared)] if declared else None, **more)
        if self.stream:
            replies = list(self.client.models.generate_content_stream(model=self.model, contents=self.history, config=settings))
        else:
            replies = [self.client.models.generate_content(model=self.model, contents=self.history, config=settings)]
        # The SDK's own chat keeps each piece of a stream as a content of its own.
        contents = [candidate.content for reply in replies for candidate in reply.candidates or [] if candidate.content and candidate.content.parts]
        self.begin = len(self.history)
        self.history += contents
        parts = [part for content in contents for part in content.parts]
        calls = [(part.function_call.id, part.function_call.name, part.function_call.args) for part in parts if part.function_call]
        usage = replies[-1].usage_metadata
        assert [candidate.finish_reason for reply in replies for candidate in reply.candidates or [] if candidate.finish_reason] == [types.FinishReason.STOP]
        counts = usage and (usage.prompt_token_count, usage.cached_content_token_count or 0, (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0))
        assert len({reply.model_version for reply in replies}) == 1
        return Answer("".join(part.text for part in parts if part.text and not part.thought), "".join(part.text for part in parts if part.text and part.thought),
                      calls, counts, replies[0].model_version, "calls" if calls else "stop", parts)


CLIENTS = [Chat, Responses, Messages, Gemini]
