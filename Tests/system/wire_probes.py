"""What `wires.py` asks of every pair of wires: one body for each feature and wire, and the words that prove that it arrived.

A probe of a request is what a client adds to a plain chat; a probe of a reply is what an upstream answers. Proof is a text in the
compact JSON of the result, all of a list, or any of a tuple. Where the wires have different words, it is told by wire.
"""
import base64
import json

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJcOkw7zDtsOfCg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEA"
TEXT = base64.b64encode(b"NOTES").decode()
IMAGE_URL, PDF_URL = "https://example.com/a.png", "https://example.com/a.pdf"
FETCHED = {IMAGE_URL: {"media_type": "image/png", "data": PNG}, PDF_URL: {"media_type": "application/pdf", "data": PDF}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
UPSTREAMS = {"openai-chat": "Chat upstream", "anthropic": "Messages upstream", "gemini": "Gemini upstream"}
CLIENTS = {"openai-chat": "OpenAI Chat", "openai-responses": "OpenAI Responses", "anthropic": "Anthropic Messages", "gemini": "Gemini"}
C, R, M, G = CLIENTS


# --- What clients ask --------------------------------------------------------------------------------------------

def body(wire, add):
    """A plain chat of a wire with what a probe adds."""
    base = {
        C: {"model": "m", "max_completion_tokens": 4000, "messages": [{"role": "user", "content": "HELLO"}]},
        R: {"model": "m", "max_output_tokens": 4000, "input": "HELLO"},
        M: {"model": "m", "max_tokens": 4000, "messages": [{"role": "user", "content": "HELLO"}]},
        G: {"contents": [{"role": "user", "parts": [{"text": "HELLO"}]}]},
    }[wire]
    settings = add.pop("generationConfig", {}) if wire == G else None
    base |= add
    if wire == G:
        base["generationConfig"] = {"maxOutputTokens": 4000} | settings
    return base


def says(*parts):
    """A user's turn of these parts, one list a wire."""
    chat, responses, messages, gemini = ([p] if isinstance(p, dict) else p for p in parts)
    return {
        C: chat and {"messages": [{"role": "user", "content": chat}]},
        R: responses and {"input": [{"role": "user", "content": responses}]},
        M: messages and {"messages": [{"role": "user", "content": messages}]},
        G: gemini and {"contents": [{"role": "user", "parts": gemini}]},
    }


def sets(chat, responses, messages, gemini):
    """A setting; Gemini's within `generationConfig`."""
    return {C: chat, R: responses, M: messages, G: gemini and {"generationConfig": gemini}}


def tools(name="get", chat=None, responses=None, messages=None, gemini=None):
    """A tool, and members beside it."""
    return {
        C: {"tools": [{"type": "function", "function": {"name": name, "parameters": SCHEMA}}]} | (chat or {}),
        R: {"tools": [{"type": "function", "name": name, "parameters": SCHEMA}]} | (responses or {}),
        M: {"tools": [{"name": name, "input_schema": SCHEMA}]} | (messages or {}),
        G: {"tools": [{"functionDeclarations": [{"name": name, "parametersJsonSchema": SCHEMA}]}]} | (gemini or {}),
    }


def loop(calls=(("call_1", "ROME"),), results=None, thought=None):
    """A talk in which the model called tools, with a thought of its own before that, and got results: (id, text) pairs."""
    results = results or [(id, "SUNNY " + city) for id, city in calls]
    chat = {"role": "assistant", "content": None, "tool_calls": [
        {"id": id, "type": "function", "function": {"name": "get", "arguments": '{"city":"%s"}' % city}} for id, city in calls]}
    if thought:
        chat |= {"reasoning_content": "HMM"} | ({"reasoning_details": [
            {"type": "reasoning.text", "text": "HMM", "signature": thought, "index": 0}]} if thought != "none" else {})
    item = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "HMM"}]}
    block = {"type": "thinking", "thinking": "HMM", "signature": "" if thought == "none" else thought}
    part = {"text": "HMM", "thought": True}
    if thought and thought != "none":
        item["encrypted_content"] = thought
        part["thoughtSignature"] = base64.b64encode(thought.encode()).decode()
    probes = tools()
    probes[C]["messages"] = [{"role": "user", "content": "HELLO"}, chat,
                             *({"role": "tool", "tool_call_id": id, "content": text} for id, text in results)]
    probes[R]["input"] = [{"role": "user", "content": "HELLO"}, *([item] if thought else []), *(
        {"type": "function_call", "call_id": id, "name": "get", "arguments": '{"city":"%s"}' % city} for id, city in calls), *(
        {"type": "function_call_output", "call_id": id, "output": text} for id, text in results)]
    probes[M]["messages"] = [{"role": "user", "content": "HELLO"}, {"role": "assistant", "content": [*([block] if thought else []), *(
        {"type": "tool_use", "id": id, "name": "get", "input": {"city": city}} for id, city in calls)]}, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": text} for id, text in results]}]
    probes[G]["contents"] = [{"role": "user", "parts": [{"text": "HELLO"}]}, {"role": "model", "parts": [*([part] if thought else []), *(
        {"functionCall": {"id": id, "name": "get", "args": {"city": city}}} for id, city in calls)]}, {"role": "user", "parts": [
            {"functionResponse": {"id": id, "name": "get", "response": {"output": text}}} for id, text in results]}]
    return probes


def failed_result():
    probes = loop()
    probes[C] = probes[R] = None
    probes[M]["messages"][2]["content"][0] |= {"is_error": True, "content": "BAD"}
    probes[G]["contents"][2]["parts"][0]["functionResponse"]["response"] = {"error": "BAD"}
    return probes


def image_result():
    probes = loop()
    probes[C] = probes[G] = None
    probes[R]["input"][2]["output"] = [{"type": "input_image", "image_url": "data:image/png;base64," + PNG}]
    probes[M]["messages"][2]["content"][0]["content"] = [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}]
    return probes


# The signature of an upstream's own reasoning, as clients of other wires carry it; a client of the same wire has it bare.
OWN = {C: "apus1:chat:U0lH", M: "apus1:anthropic:U0lH", G: "apus1:gemini:next:U0lH"}


def signed(client, upstream):
    if client == upstream:
        probe = loop(thought="U0lH")[client]
        if client == G:
            probe["contents"][1]["parts"][0]["thoughtSignature"] = "U0lH"
        return probe
    return loop(thought=OWN[upstream])[client]


FORM = {"name": "place", "schema": SCHEMA, "strict": True}
GEMINI_MODE = {"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}
GEMINI_ONE = {"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get"]}}}
THINKS = {"thinking": {"type": "adaptive"}}

# Feature, what each client sends, the proof. A client whose wire has no word for it has None.
REQUESTS = [
    ("text", {C: {}, R: {}, M: {}, G: {}}, "HELLO"),
    ("system prompt", {
        C: {"messages": [{"role": "system", "content": "SYS"}, {"role": "user", "content": "HELLO"}]}, R: {"instructions": "SYS"},
        M: {"system": "SYS"}, G: {"systemInstruction": {"parts": [{"text": "SYS"}]}}},
     {C: '"role":"system","content":"SYS"', M: '"system":"SYS"', G: ['"systemInstruction":', "SYS"]}),
    ("system prompt within the talk", {
        C: {"messages": [{"role": "user", "content": "HELLO"}, {"role": "system", "content": "SYS"}, {"role": "user", "content": "GO"}]},
        R: {"input": [{"role": "user", "content": "HELLO"}, {"role": "system", "content": "SYS"}, {"role": "user", "content": "GO"}]},
        M: {"messages": [{"role": "user", "content": "HELLO"}, {"role": "system", "content": "SYS"}, {"role": "user", "content": "GO"}]},
        G: None}, {C: '"role":"system","content":"SYS"', M: '"role":"system"', G: '"role":"system"'}),
    ("streaming", {C: {"stream": True}, R: {"stream": True}, M: {"stream": True}, G: {}},
     {C: '"stream":true', M: '"stream":true', G: ":streamGenerateContent?alt=sse"}),
    ("tools", tools(), ['"get"', '"city"']),
    ("freeform tools", {C: {"tools": [{"type": "custom", "custom": {"name": "get"}}]}, R: {"tools": [{"type": "custom", "name": "get"}]},
                        M: None, G: None}, {C: '"type":"custom"', M: '"type":"freeform"', G: '"type":"freeform"'}),
    ("the vendor's own tools", {
        C: {"web_search_options": {}}, R: {"tools": [{"type": "web_search"}]},
        M: {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, G: {"tools": [{"googleSearch": {}}]}},
     {C: "web_search", M: "web_search", G: "googleSearch"}),
    ("tool choice: some tool", tools("get", {"tool_choice": "required"}, {"tool_choice": "required"}, {"tool_choice": {"type": "any"}}, GEMINI_MODE),
     {C: '"tool_choice":"required"', M: '"tool_choice":{"type":"any"}', G: '"mode":"ANY"'}),
    ("tool choice: one tool", tools(
        "get", {"tool_choice": {"type": "function", "function": {"name": "get"}}}, {"tool_choice": {"type": "function", "name": "get"}},
        {"tool_choice": {"type": "tool", "name": "get"}}, GEMINI_ONE),
     {C: '"tool_choice":{"type":"function","function":{"name":"get"}}', M: '"tool_choice":{"type":"tool","name":"get"}',
      G: '"allowedFunctionNames":["get"]'}),
    ("no parallel calls", tools("get", {"parallel_tool_calls": False}, {"parallel_tool_calls": False},
                                {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}) | {G: None},
     {C: '"parallel_tool_calls":false', M: '"disable_parallel_tool_use":true', G: "parallel"}),
    ("tool calls and results", loop(), ["ROME", "SUNNY"]),
    ("parallel calls, results out of order",
     loop((("call_1", "ROME"), ("call_2", "OSLO")), [("call_2", "SNOW"), ("call_1", "SUNNY")]), ["ROME", "OSLO", "SNOW", "SUNNY"]),
    ("a result that is an error", failed_result(), {C: "BAD", M: '"is_error":true', G: '"error":"BAD"'}),
    ("an image in a result", image_result(), PNG),
    ("reasoning: effort", sets({"reasoning_effort": "high"}, {"reasoning": {"effort": "high"}}, THINKS | {"output_config": {"effort": "high"}},
                               {"thinkingConfig": {"thinkingLevel": "HIGH"}}),
     {C: '"reasoning_effort":"high"', M: '"effort":"high"', G: '"thinkingLevel":"HIGH"'}),
    ("reasoning: budget of tokens", sets(None, None, {"thinking": {"type": "enabled", "budget_tokens": 2048}},
                                         {"thinkingConfig": {"thinkingBudget": 2048}}),
     {C: "2048", M: '"budget_tokens":2048', G: '"thinkingBudget":2048'}),
    ("reasoning in the history", loop(thought="none"), "HMM"),
    ("the same, signed by this upstream", signed, {C: "U0lH", M: '"signature":"U0lH"', G: '"thoughtSignature":"U0lH"'}),
    ("images, as data", says(
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG}},
        {"type": "input_image", "image_url": "data:image/png;base64," + PNG},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"inlineData": {"mimeType": "image/png", "data": PNG}}), PNG),
    ("images, by address", says(
        {"type": "image_url", "image_url": {"url": IMAGE_URL}}, {"type": "input_image", "image_url": IMAGE_URL},
        {"type": "image", "source": {"type": "url", "url": IMAGE_URL}}, {"fileData": {"fileUri": IMAGE_URL, "mimeType": "image/png"}}),
     {C: IMAGE_URL, M: IMAGE_URL, G: (PNG, IMAGE_URL)}),
    ("images: detail", says(
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG, "detail": "low"}},
        {"type": "input_image", "image_url": "data:image/png;base64," + PNG, "detail": "low"}, None, None), '"detail":"low"'),
    ("documents, PDF", says(
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64," + PDF}},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64," + PDF},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}},
        {"inlineData": {"mimeType": "application/pdf", "data": PDF}}), PDF),
    ("documents, by address", says(
        None, {"type": "input_file", "filename": "a.pdf", "file_url": PDF_URL},
        {"type": "document", "source": {"type": "url", "url": PDF_URL}}, {"fileData": {"fileUri": PDF_URL, "mimeType": "application/pdf"}}),
     {C: PDF, M: (PDF, PDF_URL), G: (PDF, PDF_URL)}),
    ("documents, text", says(
        {"type": "file", "file": {"filename": "a.txt", "file_data": "data:text/plain;base64," + TEXT}},
        {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64," + TEXT},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "NOTES"}},
        {"inlineData": {"mimeType": "text/plain", "data": TEXT}}), {C: '"file_data"', M: '"data":"NOTES"', G: TEXT}),
    ("audio", says({"type": "input_audio", "input_audio": {"format": "wav", "data": WAV}}, None, None,
                   {"inlineData": {"mimeType": "audio/wav", "data": WAV}}), WAV),
    ("video", says(None, None, None, {"inlineData": {"mimeType": "video/mp4", "data": WAV}}), WAV),
    ("files that lie at the vendor", says(
        {"type": "file", "file": {"file_id": "file-1"}}, {"type": "input_file", "file_id": "file-1"},
        {"type": "document", "source": {"type": "file", "file_id": "file-1"}},
        {"fileData": {"fileUri": "files/file-1", "mimeType": "application/pdf"}}), "file-1"),
    ("structured output: JSON schema", sets(
        {"response_format": {"type": "json_schema", "json_schema": FORM}}, {"text": {"format": {"type": "json_schema"} | FORM}},
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}),
     {C: ['"json_schema":{', '"city"'], M: ['"output_config":{"format":', '"city"'], G: ['"responseJsonSchema":', '"city"']}),
    ("structured output: any JSON", sets(
        {"response_format": {"type": "json_object"}}, {"text": {"format": {"type": "json_object"}}}, None,
        {"responseMimeType": "application/json"}),
     {C: '{"type":"json_object"}', M: '"json_object"', G: '"responseMimeType":"application/json"'}),
    ("stop sequences", sets({"stop": ["STOP"]}, None, {"stop_sequences": ["STOP"]}, {"stopSequences": ["STOP"]}), '["STOP"]'),
    ("more than five stop sequences", sets(None, None, {"stop_sequences": list("abcdef")}, {"stopSequences": list("abcdef")}), '"f"'),
    ("sampling: temperature, top p", sets({"temperature": 0.25, "top_p": 0.75}, {"temperature": 0.25, "top_p": 0.75},
                                          {"temperature": 0.25, "top_p": 0.75}, {"temperature": 0.25, "topP": 0.75}), ["0.25", "0.75"]),
    ("sampling: temperature above 1", sets({"temperature": 1.5}, {"temperature": 1.5}, None, {"temperature": 1.5}), '"temperature":1.5'),
    ("sampling: top k", sets(None, None, {"top_k": 17}, {"topK": 17}), ":17"),
    ("sampling: penalties, seed", sets({"frequency_penalty": 0.5, "seed": 17}, None, None, {"frequencyPenalty": 0.5, "seed": 17}),
     ["0.5", '"seed":17']),
    ("sampling: token biases", sets({"logit_bias": {"17": 5}}, None, None, None), '"17":5'),
    ("logprobs", sets({"logprobs": True, "top_logprobs": 3}, {"top_logprobs": 3, "include": ["message.output_text.logprobs"]}, None,
                      {"responseLogprobs": True, "logprobs": 3}),
     {C: ['"logprobs":true', '"top_logprobs":3'], M: "logprobs", G: ['"responseLogprobs":true', '"logprobs":3']}),
    ("several candidates", sets({"n": 2}, None, None, {"candidateCount": 2}), {C: '"n":2', M: '"n":2', G: '"candidateCount":2'}),
    ("the user's id", sets({"user": "USER"}, {"user": "USER"}, {"metadata": {"user_id": "USER"}}, None), "USER"),
    ("labels", {C: {"metadata": {"k": "LABEL"}}, R: {"metadata": {"k": "LABEL"}}, M: None, G: {"labels": {"k": "LABEL"}}}, "LABEL"),
    ("cache marks", {C: None, R: None, M: {"system": [{"type": "text", "text": "SYS", "cache_control": {"type": "ephemeral"}}]}, G: None},
     "cache_control"),
    ("safety settings", {C: None, R: None, M: None, G: {"safetySettings": [
        {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]}}, "BLOCK_NONE"),
    ("a talk that lies at the vendor", {C: None, R: {"previous_response_id": "resp_1"}, M: None, G: {"cachedContent": "cachedContents/1"}},
     {C: "resp_1", M: "resp_1", G: "cachedContents/1"}),
    ("names with a dot", tools("a.b") | {M: None}, '"a.b"'),
    ("ids with a colon", loop((("call:1", "ROME"),)) | {M: None}, "call:1"),
    ("members that Apus does not know", {wire: {"shiny_new": "SHINY"} for wire in CLIENTS}, "SHINY"),
]


# --- What upstreams answer ---------------------------------------------------------------------------------------

def chat_reply(message, finish="stop", **choice):
    return {"id": "chatcmpl-UP", "object": "chat.completion", "created": 1, "model": "up", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": None} | message, "finish_reason": finish} | choice],
        "usage": {"prompt_tokens": 300, "completion_tokens": 77, "total_tokens": 377}}


def messages_reply(*content, stop="end_turn", **members):
    return {"id": "msg_UP", "type": "message", "role": "assistant", "model": "up", "content": list(content), "stop_reason": stop,
            "stop_sequence": None, "usage": {"input_tokens": 300, "output_tokens": 77}} | members


def gemini_reply(*parts, finish="STOP", **candidate):
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": list(parts)}, "finishReason": finish} | candidate],
            "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 77, "totalTokenCount": 377},
            "modelVersion": "up", "responseId": "UP"}


def chat_calls(*cities):
    return {"tool_calls": [{"id": f"call_{n}", "type": "function", "function": {"name": "get", "arguments": '{"city":"%s"}' % city if city else ""}}
                           for n, city in enumerate(cities)]}


def messages_calls(*cities):
    return [{"type": "tool_use", "id": f"call_{n}", "name": "get", "input": {"city": city} if city else {}} for n, city in enumerate(cities)]


def gemini_calls(*cities):
    return [{"functionCall": {"id": f"call_{n}", "name": "get", "args": {"city": city} if city else {}}} for n, city in enumerate(cities)]


HI = {"type": "text", "text": "HELLO"}
LOGPROBS = {"content": [{"token": "HELLO", "logprob": -0.125, "bytes": None, "top_logprobs": []}], "refusal": None}

# Feature, what each upstream answers, the proof by the client's wire. An upstream whose wire has no word for it has None.
REPLIES = [
    ("text", {C: chat_reply({"content": "HELLO"}), M: messages_reply(HI), G: gemini_reply({"text": "HELLO"})}, "HELLO"),
    ("tool calls", {C: chat_reply(chat_calls("ROME"), "tool_calls"), M: messages_reply(*messages_calls("ROME"), stop="tool_use"),
                    G: gemini_reply(*gemini_calls("ROME"))}, ["ROME", "get", "call_0"]),
    ("parallel calls", {
        C: chat_reply(chat_calls("ROME", "OSLO"), "tool_calls"), M: messages_reply(*messages_calls("ROME", "OSLO"), stop="tool_use"),
        G: gemini_reply(*gemini_calls("ROME", "OSLO"))}, ["ROME", "OSLO", "call_0", "call_1"]),
    ("calls without arguments", {C: chat_reply(chat_calls(""), "tool_calls"), M: messages_reply(*messages_calls(""), stop="tool_use"),
                                 G: gemini_reply(*gemini_calls(""))}, {C: "get", R: '"arguments":"{}"', M: '"input":{}', G: '"args":{}'}),
    ("calls without an id", {
        C: chat_reply({"tool_calls": [{"type": "function", "function": {"name": "get", "arguments": "{}"}}]}, "tool_calls"), M: None,
        G: gemini_reply({"functionCall": {"name": "get", "args": {}}})}, {C: '"id":"call_', R: '"call_id":"call_', M: '"id":"toolu_', G: "get"}),
    ("reasoning", {C: chat_reply({"content": "HELLO", "reasoning_content": "HMM"}),
                   M: messages_reply({"type": "thinking", "thinking": "HMM", "signature": ""}, HI),
                   G: gemini_reply({"text": "HMM", "thought": True}, {"text": "HELLO"})},
     {C: '"reasoning_content":"HMM"', R: "HMM", M: '"thinking":"HMM"', G: ["HMM", '"thought":true']}),
    ("signatures of reasoning", {
        C: chat_reply({"content": "HELLO", "reasoning_content": "HMM", "reasoning_details": [
            {"type": "reasoning.text", "text": "HMM", "signature": "U0lH", "index": 0}]}),
        M: messages_reply({"type": "thinking", "thinking": "HMM", "signature": "U0lH"}, HI),
        G: gemini_reply({"text": "HMM", "thought": True}, gemini_calls("ROME")[0] | {"thoughtSignature": "U0lH"})},
     {C: "U0lH", R: "U0lH", M: "U0lH", G: '"thoughtSignature":"'}),
    ("images", {C: chat_reply({"content": "", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + PNG}}]}), M: None,
                G: gemini_reply({"inlineData": {"mimeType": "image/png", "data": PNG}})}, PNG),
    ("citations", {
        C: chat_reply({"content": "HELLO", "annotations": [{"type": "url_citation", "url_citation": {
            "url": "https://cited.example", "title": "T", "start_index": 0, "end_index": 5}}]}),
        M: messages_reply(HI | {"citations": [{"type": "web_search_result_location", "url": "https://cited.example", "title": "T",
                                               "encrypted_index": "x", "cited_text": "y"}]}),
        G: gemini_reply({"text": "HELLO"}, groundingMetadata={
            "groundingChunks": [{"web": {"uri": "https://cited.example", "title": "T"}}], "groundingSupports": [
                {"segment": {"startIndex": 0, "endIndex": 5, "text": "HELLO"}, "groundingChunkIndices": [0]}]})}, "https://cited.example"),
    ("traces of the vendor's own tools", {
        C: None, M: messages_reply({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "QUERY"}}, HI),
        G: gemini_reply({"executableCode": {"language": "PYTHON", "code": "QUERY"}}, {"text": "HELLO"})}, "QUERY"),
    ("logprobs", {C: chat_reply({"content": "HELLO"}, logprobs=LOGPROBS), M: None,
                  G: gemini_reply({"text": "HELLO"}, logprobsResult={"chosenCandidates": [{"token": "HELLO", "logProbability": -0.125}],
                                                                     "topCandidates": [{"candidates": []}]})}, "-0.125"),
    ("several candidates", {
        C: chat_reply({"content": "HELLO"}) | {"choices": [
            {"index": n, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} for n, text in enumerate(("HELLO", "OTHER"))]},
        M: None,
        G: gemini_reply() | {"candidates": [
            {"index": n, "content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"} for n, text in enumerate(("HELLO", "OTHER"))]}},
     ["HELLO", "OTHER"]),
    ("usage", {C: chat_reply({"content": "HELLO"}), M: messages_reply(HI), G: gemini_reply({"text": "HELLO"})}, ["300", "77"]),
    ("usage: cached tokens", {
        C: chat_reply({"content": "HELLO"}) | {"usage": {"prompt_tokens": 300, "completion_tokens": 77, "total_tokens": 377,
                                                         "prompt_tokens_details": {"cached_tokens": 33}}},
        M: messages_reply(HI, usage={"input_tokens": 267, "cache_read_input_tokens": 33, "output_tokens": 77}),
        G: gemini_reply({"text": "HELLO"}) | {"usageMetadata": {
            "promptTokenCount": 300, "cachedContentTokenCount": 33, "candidatesTokenCount": 77, "totalTokenCount": 377}}},
     {C: '"cached_tokens":33', R: '"cached_tokens":33', M: ['"cache_read_input_tokens":33', '"input_tokens":267'], G: '"cachedContentTokenCount":33'}),
    ("usage: reasoning tokens", {
        C: chat_reply({"content": "HELLO"}) | {"usage": {"prompt_tokens": 300, "completion_tokens": 77, "total_tokens": 377,
                                                         "completion_tokens_details": {"reasoning_tokens": 22}}},
        M: messages_reply(HI, usage={"input_tokens": 300, "output_tokens": 77, "output_tokens_details": {"thinking_tokens": 22}}),
        G: gemini_reply({"text": "HELLO"}) | {"usageMetadata": {
            "promptTokenCount": 300, "thoughtsTokenCount": 22, "candidatesTokenCount": 55, "totalTokenCount": 377}}},
     {C: '"reasoning_tokens":22', R: '"reasoning_tokens":22', M: '"thinking_tokens":22', G: ['"thoughtsTokenCount":22', '"candidatesTokenCount":55']}),
    ("finish: the limit of tokens", {C: chat_reply({"content": "HELLO"}, "length"), M: messages_reply(HI, stop="max_tokens"),
                                     G: gemini_reply({"text": "HELLO"}, finish="MAX_TOKENS")},
     {C: '"length"', R: '"max_output_tokens"', M: '"max_tokens"', G: '"MAX_TOKENS"'}),
    ("finish: a stop sequence", {C: None, M: messages_reply(HI, stop="stop_sequence", stop_sequence="STOPPER"), G: None}, "STOPPER"),
    ("finish: a filter or refusal", {C: chat_reply({"content": "HELLO"}, "content_filter"), M: messages_reply(HI, stop="refusal"),
                                     G: gemini_reply({"text": "HELLO"}, finish="SAFETY")},
     {C: '"content_filter"', R: '"content_filter"', M: '"refusal"', G: '"SAFETY"'}),
    ("finish: words of refusal", {
        C: chat_reply({"refusal": "SORRY"}), M: messages_reply(stop="refusal", stop_details={"type": "refusal", "explanation": "SORRY"}),
        G: None}, "SORRY"),
    ("finish: a pause of the vendor's tools", {C: None, M: messages_reply(HI, stop="pause_turn"), G: None}, "pause_turn"),
    ("finish: the vendor gave up", {C: chat_reply({"content": "HELLO"}, "network_error"), M: None,
                                    G: gemini_reply({"text": "HELLO"}, finish="MALFORMED_FUNCTION_CALL")}, ("network_error", "MALFORMED_FUNCTION_CALL")),
]

# Failures: the status and body that an upstream answers, by its wire; the cell tells what the client gets.
ERRORS = [
    ("error: bad request", 400, ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"), "Bad things."),
    ("error: the prompt is too long", 400, ("invalid_request_error", "invalid_request_error", "INVALID_ARGUMENT"), "prompt is too long"),
    ("error: the gateway's key", 401, ("authentication_error", "authentication_error", "UNAUTHENTICATED"), "No."),
    ("error: no such model", 404, ("invalid_request_error", "not_found_error", "NOT_FOUND"), "No."),
    ("error: rate limit", 429, ("rate_limit_error", "rate_limit_error", "RESOURCE_EXHAUSTED"), "Slow down."),
    ("error: overloaded", 503, ("server_error", "overloaded_error", "UNAVAILABLE"), "Busy."),
]


def error(upstream, status, words, message):
    word = words[list(UPSTREAMS).index(upstream)]
    if upstream == M:
        answer = {"type": "error", "error": {"type": word, "message": message}}
    elif upstream == G:
        answer = {"error": {"code": status, "status": word, "message": message}}
    else:
        answer = {"error": {"type": word, "code": None, "message": message}}
    return {"status": status, "headers": {"retry-after": "7"}, "body": answer}


# --- Streams -----------------------------------------------------------------------------------------------------

def stream(upstream, reply, is_cut=False):
    """The same reply as a stream; cut off before its end on request."""
    frames = {C: chat_stream, M: messages_stream, G: lambda reply: [(None, reply)]}[upstream](reply)
    if is_cut:
        frames = [(None, reply | {"candidates": [{"content": reply["candidates"][0]["content"]}]})] if upstream == G else frames[:-3]
    return frames


def chat_stream(reply):
    frames = []

    def chunk(choices, **members):
        frames.append((None, {k: reply[k] for k in ("id", "created", "model")} | {"object": "chat.completion.chunk", "choices": choices} | members))
    for choice in reply["choices"]:
        delta = dict(choice["message"])
        if "tool_calls" in delta:
            delta["tool_calls"] = [call | {"index": n} for n, call in enumerate(delta["tool_calls"])]
        chunk([{"index": choice["index"], "delta": delta, "finish_reason": None} | {k: v for k, v in choice.items() if k == "logprobs"}])
    for choice in reply["choices"]:
        chunk([{"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}])
    chunk([], usage=reply["usage"])
    return frames + [(None, "[DONE]")]


def messages_stream(reply):
    usage = reply["usage"]
    frames = [{"type": "message_start", "message": reply | {"content": [], "stop_reason": None, "stop_sequence": None, "stop_details": None}}]
    for index, block in enumerate(reply["content"]):
        start, deltas = dict(block), []
        if block["type"] == "text":
            start = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": block["text"]}]
            deltas += [{"type": "citations_delta", "citation": citation} for citation in block.get("citations", [])]
        elif block["type"] == "thinking":
            start = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}]
            if block["signature"]:
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] in ("tool_use", "server_tool_use"):
            start["input"] = {}
            if block["input"]:
                deltas = [{"type": "input_json_delta", "partial_json": json_text(block["input"])}]
        frames.append({"type": "content_block_start", "index": index, "content_block": start})
        frames += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        frames.append({"type": "content_block_stop", "index": index})
    frames.append({"type": "message_delta", "usage": usage, "delta": {k: reply.get(k) for k in ("stop_reason", "stop_sequence", "stop_details")}})
    frames.append({"type": "message_stop"})
    return [(frame["type"], frame) for frame in frames]


def json_text(value):
    return json.dumps(value, separators=(",", ":"))
