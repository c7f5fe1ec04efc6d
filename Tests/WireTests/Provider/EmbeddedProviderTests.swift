import Base
import CAssets
import FoundationEssentials
import Testing
import Wire

@Suite struct `The embedded provider files` {
  static let folder: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    return parts.joined(separator: "/") + "/Providers"
  }()

  /// Name and bytes, in the order of the table.
  static let files: [(name: String, bytes: [UInt8])] = {
    var files: [(String, [UInt8])] = []
    while true {
      let asset = unsafe apus_provider_file(files.count)
      guard let name = unsafe asset.name else { return files }
      // The bytes are constants of the program, as many as `length` says.
      files.append((unsafe String(cString: name), unsafe [UInt8](UnsafeBufferPointer(start: asset.bytes, count: asset.length))))
    }
  }()

  static func provider(_ name: String) throws -> ProviderFile {
    let file = try #require(files.first { $0.name == name + ".yaml" })
    let mistakes = Mistakes()
    let provider = ProviderFile.read(file.bytes, name: file.name, into: mistakes)
    #expect(mistakes.all == [])
    return try #require(provider)
  }

  @Test func `are those on disk, byte by byte`() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder).filter { $0.hasSuffix(".yaml") }
    #expect(Self.files.map(\.name).sorted() == names.sorted())
    for file in Self.files {
      let data = try #require(FileManager.default.contents(atPath: Self.folder + "/" + file.name))
      #expect([UInt8](data) == file.bytes, "\(file.name)")
    }
  }

  @Test(arguments: files.map(\.name))
  func `have no mistakes, and the name of their file`(name: String) throws {
    let provider = try Self.provider(String(name.dropLast(5)))
    #expect(provider.name + ".yaml" == name)
    #expect(provider.status.map(\.name) == ["source", "read"])
  }

  @Test(
    arguments: [
      ("deepseek", "DEEPSEEK_API_KEY", "deepseek", "https://api.deepseek.com/chat/completions"),
      ("moonshot", "MOONSHOT_API_KEY", "kimi", "https://api.moonshot.cn/v1/chat/completions"),
      ("zhipu", "ZHIPU_API_KEY", "glm", "https://open.bigmodel.cn/api/paas/v4/chat/completions"),
      ("minimax", "MINIMAX_API_KEY", "minimax", "https://api.minimaxi.com/v1/chat/completions"),
      ("dashscope", "DASHSCOPE_API_KEY", "qwen", "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions"),
      ("ark", "ARK_API_KEY", "compatible", "https://ark.cn-beijing.volces.com/api/v3/chat/completions"),
      ("qianfan", "QIANFAN_API_KEY", "ernie", "https://qianfan.baidubce.com/v2/chat/completions"),
      ("siliconflow", "SILICONFLOW_API_KEY", "compatible", "https://api.siliconflow.cn/v1/chat/completions"),
      ("openai", "OPENAI_API_KEY", "openai", "https://api.openai.com/v1/chat/completions"),
      ("jina", "JINA_API_KEY", "openai", nil),
      ("ollama", "OLLAMA_API_KEY", "compatible", "http://127.0.0.1:11434/v1/chat/completions"),
      ("vllm", "VLLM_API_KEY", "vllm", "http://127.0.0.1:8000/v1/chat/completions"),
      ("llamacpp", "LLAMACPP_API_KEY", "compatible", "http://127.0.0.1:8080/v1/chat/completions"),
      ("lmstudio", "LMSTUDIO_API_KEY", "compatible", "http://127.0.0.1:1234/v1/chat/completions"),
    ] as [(String, String, String, String?)])
  func `name the key, the dialect and the address`(name: String, variable: String, dialect: String, chat: String?) throws {
    let provider = try Self.provider(name)
    #expect(provider.auth == .bearer(credential: "KEY"))
    #expect(provider.credential(named: "KEY")?.variables.first == variable)
    #expect(provider.dialect.name == dialect)
    #expect(provider.url(of: .chat) == chat)
    let isLocal = chat?.hasPrefix("http://127.0.0.1") == true
    #expect(provider.enable == (isLocal ? .named : .credentials))
    #expect(provider.credential(named: "KEY")?.isRequired == !isLocal)
    #expect(provider.takesModelsFromUpstream == isLocal)
  }

  @Test(
    arguments: [
      ("anthropic", ProviderWire.anthropic, ["ANTHROPIC_API_KEY"], "x-api-key", "https://api.anthropic.com/v1/messages"),
      (
        "gemini", .gemini, ["GEMINI_API_KEY", "GOOGLE_API_KEY"], "x-goog-api-key",
        "https://generativelanguage.googleapis.com/v1beta/models/{model}:generateContent"
      ),
    ] as [(String, ProviderWire, [String], String, String)])
  func `of other wires name their key's header and their address`(
    name: String, wire: ProviderWire, variables: [String], header: String, chat: String
  ) throws {
    let provider = try Self.provider(name)
    #expect(provider.wire == wire)
    #expect(provider.auth == .header(name: header, credential: "KEY"))
    #expect(provider.credential(named: "KEY")?.variables == variables)
    #expect(provider.url(of: .chat) == chat && provider.enable == .credentials)
  }

  @Test func `name the version of Messages`() throws {
    let header = try #require(try Self.provider("anthropic").headers.first)
    #expect(header.name == "anthropic-version" && header.value.render { _ in nil } == "2023-06-01")
  }

  // Dated and later names get what their generation takes.
  @Test(
    arguments: [
      ("claude-opus-5-5", "none", "adaptive", false, true, "auto_only"), ("claude-new-9", "none", "adaptive", false, true, "auto_only"),
      ("claude-sonnet-5", "none", "adaptive", false, true, "full"), ("claude-opus-4-8", "none", "adaptive", false, true, "full"),
      ("claude-opus-4-7", "none", "adaptive", false, false, "full"), ("claude-sonnet-4-6", "full", "adaptive", false, false, "full"),
      ("claude-opus-4-6-20260205", "full", "adaptive", false, false, "full"), ("claude-haiku-4-5", "full", "budget", true, false, "full"),
      ("claude-haiku-4-5-20251001", "full", "budget", true, false, "full"),
      ("claude-sonnet-4-20250514", "full", "budget", true, false, "full"),
      ("claude-3-7-sonnet-20250219", "full", "budget", true, false, "full"),
    ])
  func `know what a Claude takes`(
    model: String, sampling: String, thinking: String, prefill: Bool, midSystem: Bool, toolChoice: String
  ) throws {
    let caps = try #require(try Self.provider("anthropic").anyModel(named: model)).caps
    #expect(caps.sampling.rawValue == sampling && caps.thinking.rawValue == thinking)
    #expect(caps.prefill == prefill && caps.midSystem == midSystem && caps.toolChoice.rawValue == toolChoice)
    #expect(!caps.audio && caps.documents && caps.imageURL)
  }

  @Test(
    arguments: [
      ("gemini-3.5-flash", "level", "required", ProviderModel.Kind.chat), ("gemini-9", "level", "required", .chat),
      ("gemini-2.5-pro", "budget", "optional", .chat), ("gemini-2.5-flash-lite", "budget", "optional", .chat),
      ("gemini-2.0-flash", "none", "optional", .chat), ("gemini-embedding-001", "level", "required", .embedding),
      ("text-embedding-004", "level", "required", .embedding),
    ] as [(String, String, String, ProviderModel.Kind)])
  func `know what a Gemini takes`(model: String, thinking: String, signatures: String, kind: ProviderModel.Kind) throws {
    let found = try #require(try Self.provider("gemini").anyModel(named: model))
    #expect(found.caps.thinking.rawValue == thinking && found.caps.thoughtSignatures.rawValue == signatures && found.kind == kind)
    #expect(!found.caps.imageURL && found.caps.audio)
  }

  @Test func `give the starter of EdgeOne no address of its own`() throws {
    let provider = try Self.provider("edgeone")
    #expect(provider.enable == .named)
    #expect(provider.url(of: .chat) == nil)
    let text = String(decoding: try #require(Self.files.first { $0.name == "edgeone.yaml" }).bytes, as: UTF8.self)
    for member in ["base_url", "origin"] {
      let (file, mistakes) = Reading.entry("name: edgeone\n\(member): \"https://mine.example\"\n", over: text)
      #expect(mistakes == [])
      #expect(file?.url(of: .chat) == "https://mine.example/api/ai")
    }
  }

  // Rows of the vendors' own tables, whose sources the files name.
  @Test(
    arguments: [
      ("deepseek", 402, #"{"error":{"message":"Insufficient Balance","type":"unknown_error"}}"#, .funds),
      ("deepseek", 422, #"{"error":{"message":"bad"}}"#, .invalid),
      ("moonshot", 429, #"{"error":{"type":"engine_overloaded_error","message":"busy"}}"#, .overloaded),
      ("moonshot", 429, #"{"error":{"type":"exceeded_current_quota_error","message":"no"}}"#, .funds),
      ("moonshot", 429, #"{"error":{"type":"rate_limit_reached_error","message":"slow"}}"#, .rateLimited),
      (
        "moonshot", 400,
        #"{"error":{"type":"invalid_request_error","message":"Invalid request: Your request exceeded model token limit: 262144"}}"#,
        .contextOverflow
      ),
      ("moonshot", 400, #"{"error":{"type":"content_filter","message":"high risk"}}"#, .contentFilter),
      ("zhipu", 401, #"{"error":{"code":"1002","message":"x"}}"#, .authExpired),
      ("zhipu", 429, #"{"error":{"code":"1113","message":"x"}}"#, .funds),
      ("zhipu", 429, #"{"error":{"code":"1302","message":"x"}}"#, .rateLimited),
      ("zhipu", 429, #"{"error":{"code":1305,"message":"x"}}"#, .overloaded),
      ("zhipu", 429, #"{"error":{"code":"1304","message":"x"}}"#, .dailyLimit),
      ("zhipu", 400, #"{"error":{"code":"1211","message":"x"}}"#, .notFound),
      ("zhipu", 400, #"{"error":{"code":"1301","message":"x"}}"#, .contentFilter),
      ("zhipu", 400, #"{"error":{"code":"1261","message":"x"}}"#, .contextOverflow),
      ("minimax", 200, #"{"base_resp":{"status_code":1004,"status_msg":"login"}}"#, .authExpired),
      ("minimax", 200, #"{"base_resp":{"status_code":1008,"status_msg":"x"}}"#, .funds),
      ("minimax", 200, #"{"base_resp":{"status_code":1002,"status_msg":"x"}}"#, .rateLimited),
      ("minimax", 200, #"{"base_resp":{"status_code":1026,"status_msg":"x"}}"#, .contentFilter),
      ("minimax", 200, #"{"base_resp":{"status_code":1001,"status_msg":"x"}}"#, .timeout),
      ("minimax", 200, #"{"base_resp":{"status_code":2013,"status_msg":"x"}}"#, .invalid),
      ("minimax", 200, #"{"base_resp":{"status_code":1033,"status_msg":"x"}}"#, .broken),
      ("minimax", 200, #"{"choices":[],"base_resp":{"status_code":0,"status_msg":""}}"#, nil),
      ("dashscope", 400, #"{"error":{"code":"Arrearage","message":"x","type":"Arrearage"}}"#, .funds),
      ("dashscope", 400, #"{"code":"Arrearage","message":"x","request_id":"1"}"#, .funds),
      ("dashscope", 429, #"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#, .rateLimited),
      ("dashscope", 429, #"{"code":"Throttling.RateQuota","message":"x"}"#, .rateLimited),
      ("dashscope", 400, #"{"error":{"code":"data_inspection_failed","message":"x"}}"#, .contentFilter),
      ("dashscope", 401, #"{"error":{"code":"invalid_api_key","message":"x"}}"#, .authExpired),
      ("ark", 403, #"{"error":{"code":"AccountOverdueError","message":"x","type":"Forbidden"}}"#, .funds),
      ("ark", 404, #"{"error":{"code":"InvalidEndpointOrModel.NotFound","message":"x"}}"#, .notFound),
      ("ark", 429, #"{"error":{"code":"ServerOverloaded","message":"x"}}"#, .overloaded),
      ("ark", 429, #"{"error":{"code":"RateLimitExceeded.EndpointRPMExceeded","message":"x"}}"#, .rateLimited),
      ("ark", 400, #"{"error":{"code":"InputTextRiskDetection","message":"x"}}"#, .contentFilter),
      ("ark", 400, #"{"error":{"code":"InputTextSensitiveContentDetected","message":"x"}}"#, .contentFilter),
      ("ark", 400, #"{"error":{"code":"SensitiveContentDetected.PolicyViolation","message":"x"}}"#, .contentFilter),
      ("qianfan", 401, #"{"error":{"code":"invalid_iam_token","message":"x","type":"invalid_request_error"},"id":"as-1"}"#, .authExpired),
      ("qianfan", 401, #"{"error":{"code":"invalid_model","message":"x"}}"#, .notFound),
      ("qianfan", 429, #"{"error":{"code":"rpm_rate_limit_exceeded","message":"x","type":"rate_limit_exceeded"}}"#, .rateLimited),
      ("qianfan", 400, #"{"error":{"code":"tokens_too_long","message":"x"}}"#, .contextOverflow),
      ("siliconflow", 400, #"{"code":20012,"message":"Model does not exist.","data":null}"#, .notFound),
      ("siliconflow", 403, #"{"code":30001,"message":"Sorry, your account balance is insufficient","data":null}"#, .funds),
      ("siliconflow", 504, #"{"code":50505,"message":"busy"}"#, .overloaded),
      ("siliconflow", 401, #""Invalid token""#, .authExpired),
      ("openai", 429, #"{"error":{"code":"insufficient_quota","type":"insufficient_quota","message":"x"}}"#, .funds),
      ("openai", 429, #"{"error":{"code":"rate_limit_exceeded","message":"x"}}"#, .rateLimited),
      (
        "anthropic", 400,
        #"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits."}}"#,
        .funds
      ),
      ("anthropic", 403, #"{"type":"error","error":{"type":"permission_error","message":"x"}}"#, .authExpired),
      ("anthropic", 529, #"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
      ("anthropic", 200, #"{"type":"error","error":{"type":"overloaded_error","message":"x"}}"#, .overloaded),
      ("anthropic", 200, #"{"type":"message","content":[]}"#, nil),
      ("gemini", 400, #"{"error":{"code":400,"status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#, .authExpired),
      ("gemini", 429, #"{"error":{"code":429,"message":"quota","status":"RESOURCE_EXHAUSTED"}}"#, .rateLimited),
      (
        "gemini", 429,
        #"{"error":{"code":429,"message":"quota","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}]}}"#,
        .dailyLimit
      ),
      (
        "gemini", 429,
        #"{"error":{"code":429,"message":"x","details":[{"violations":[{"quotaId":"GenerateRequestsPerMinutePerProject"}]}]}}"#,
        .rateLimited
      ),
      ("gemini", 429, #"{"error":{"code":429,"message":"Your prepayment credits are depleted."}}"#, .funds),
      (
        "gemini", 400,
        #"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#, .forbidden
      ),
      ("gemini", 403, #"{"error":{"code":403,"message":"Your API key was reported as leaked.","status":"PERMISSION_DENIED"}}"#, .banned),
      ("gemini", 200, #"{"candidates":[]}"#, nil),
      ("jina", 422, #"{"detail":[{"msg":"field required"}]}"#, .invalid),
      (
        "llamacpp", 400,
        #"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error"}}"#,
        .contextOverflow
      ),
      ("edgeone", 400, #"{"error":"Daily usage limit exceeded.","remaining":0}"#, .dailyLimit),
      ("edgeone", 400, #"{"error":"Something else.","remaining":3}"#, .invalid),
      ("edgeone", 400, #"{"error":"Unknown model"}"#, .invalid),
      ("edgeone", 500, #"{"error":"OPENAI_API_KEY not set in environment"}"#, .broken),
      ("edgeone", 401, #"{"error":{"message":"no","type":"authentication_error"}}"#, .authExpired),
    ] as [(String, Int, String, Fault.Kind?)])
  func `know what their vendors' errors mean`(name: String, status: Int, body: String, kind: Fault.Kind?) throws {
    let rules = try Self.provider(name).errors
    let answer = UpstreamAnswer(status: status, headers: [("content-type", "application/json")], body: Array(body.utf8))
    let fault = status >= 400 ? UpstreamError.fault(answer, rules: rules) : UpstreamError.fault(inside: answer, rules: rules)
    #expect(fault?.kind == kind)
  }

  @Test func `carry what is left of a day's limit`() throws {
    let body = #"{"error":"Daily usage limit exceeded.","remaining":0}"#
    let answer = UpstreamAnswer(status: 400, headers: [], body: Array(body.utf8))
    let fault = UpstreamError.fault(answer, rules: try Self.provider("edgeone").errors)
    #expect(fault.code == "quota_exceeded")
    #expect(fault.message == "Daily usage limit exceeded.")
    #expect(fault.members.map(\.name) == ["remaining"])
    #expect(fault.members.map(\.value) == [0])
  }
}
