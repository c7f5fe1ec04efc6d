package import Base

/// Checks that a request on the OpenAI wire can be understood, before anything is sent. Source: wire-formats §3.1, §10, §11.
///
/// Only absence, types and roles: ranges are the upstream's business, and members that are not known pass.
package enum ChatRequestCheck {
  /// What is asked for.
  package enum Endpoint: String, Sendable, CaseIterable {
    case chat, completions, embeddings, rerank
  }

  /// Refuses a body that can't be understood: `.invalid` with code, path of the member, and what was expected.
  package static func check(_ endpoint: Endpoint, body: JSON) throws(Fault) {
    try shape(endpoint).check(body) { "" }
    if let stop = body["stop"], stop.kind == .array { try checkAll(stop, are: .string, at: "stop") }
    switch endpoint {
    case .chat: try ChatMessageCheck.check(body)
    case .completions: try checkInput(body, "prompt")
    case .embeddings: try checkInput(body, "input")
    case .rerank:
      guard let documents = body["documents"] else { return }
      try RequestShape.check(elements: documents, are: [.string, .object]) { "documents" }
    }
  }

  /// A text, texts, tokens, or lists of tokens; all elements are of one kind.
  private static func checkInput(_ body: JSON, _ name: String) throws(Fault) {
    guard let input = body[name], input.kind == .array else { return }
    let first = input.elements.first { _ in true }.map { JSONKinds($0) } ?? []
    let one: JSONKinds = first.isEmpty || first.isDisjoint(with: [.string, .integer, .array]) ? [.string, .integer, .array] : first
    try RequestShape.check(elements: input, are: one) { name }
    guard first == .array else { return }
    var position = 0
    for tokens in input.elements {
      try RequestShape.check(elements: tokens, are: .integer) { "\(name)[\(position)]" }
      position += 1
    }
  }

  /// An optional list, which may be empty.
  static func checkAll(_ list: JSON, are wanted: JSONKinds, at name: String) throws(Fault) {
    guard list.elements.contains(where: { _ in true }) else { return }
    try RequestShape.check(elements: list, are: wanted) { name }
  }

  // MARK: Tables

  private static func shape(_ endpoint: Endpoint) -> RequestShape {
    switch endpoint {
    case .chat: chat
    case .completions: completions
    case .embeddings: embeddings
    case .rerank: rerank
    }
  }

  private static let chat = RequestShape(
    [
      "model": .string, "messages": .array, "max_completion_tokens": .integer, "max_tokens": .integer, "temperature": .number,
      "top_p": .number, "n": .integer, "stop": [.string, .array], "frequency_penalty": .number, "presence_penalty": .number,
      "logit_bias": .object, "logprobs": .boolean, "top_logprobs": .integer, "seed": .integer, "stream": .boolean,
      "stream_options": .object, "tools": .array, "tool_choice": [.string, .object], "parallel_tool_calls": .boolean,
      "response_format": .object, "reasoning_effort": .string, "verbosity": .string, "modalities": .array, "audio": .object,
      "prediction": .object, "web_search_options": .object, "service_tier": .string, "store": .boolean, "metadata": .object,
      "user": .string, "safety_identifier": .string, "prompt_cache_key": .string, "functions": .array,
      "function_call": [.string, .object], "top_k": .integer,
    ], required: ["model", "messages"], once: ["model", "messages", "stream"])

  private static let completions = RequestShape(
    [
      "model": .string, "prompt": [.string, .array], "max_tokens": .integer, "temperature": .number, "top_p": .number, "n": .integer,
      "stop": [.string, .array], "frequency_penalty": .number, "presence_penalty": .number, "logit_bias": .object, "logprobs": .integer,
      "seed": .integer, "stream": .boolean, "stream_options": .object, "echo": .boolean, "suffix": .string, "best_of": .integer,
      "user": .string,
    ], required: ["model", "prompt"], once: ["model", "prompt", "stream"])

  private static let embeddings = RequestShape(
    ["model": .string, "input": [.string, .array], "encoding_format": .string, "dimensions": .integer, "user": .string],
    required: ["model", "input"], once: ["model", "input"])

  private static let rerank = RequestShape(
    [
      "model": .string, "query": .string, "documents": .array, "top_n": .integer, "return_documents": .boolean,
      "max_tokens_per_doc": .integer, "rank_fields": .array,
    ], required: ["model", "query", "documents"], once: ["model", "query", "documents"])
}
