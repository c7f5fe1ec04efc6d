/// Why a record can't be training data, in the order in which the reasons are looked for. Source: formats/datasets.md §9.3.
package enum InvalidReason: String, Sendable, CaseIterable, Comparable {
  case upstreamError = "upstream_error"
  case notAConversation = "not_a_conversation"
  case incompleteStream = "incomplete_stream"
  case missingHistory = "missing_history"
  case unknownRole = "unknown_role"
  case unsupportedMedia = "unsupported_media"
  case serverTool = "server_tool"
  case unsupportedToolType = "unsupported_tool_type"
  case truncatedLength = "truncated_length"
  case contentFiltered = "content_filtered"
  case refusal
  case incompleteTurn = "incomplete_turn"
  case toolCallBadJSON = "tool_call_bad_json"
  case noAssistantOutput = "no_assistant_output"
  case toolResultOrphan = "tool_result_orphan"
  case toolCallUnanswered = "tool_call_unanswered"
  case noUserTurn = "no_user_turn"
  case toolCallUndeclared = "tool_call_undeclared"
  case toolArgsSchema = "tool_args_schema"
  // Of one format only.
  case imageNotMaterialised = "image_not_materialised"
  case toolResultImage = "tool_result_image"
  case roleOrder = "role_order"
  case notInFormat = "not_in_format"
  // Of what an export was asked for.
  case templateLimit = "template_limit"
  case warningRefused = "warning_refused"
  // Of the archive.
  case notKept = "not_kept"
  case damaged

  /// Whether it is looked for earlier.
  package static func < (left: InvalidReason, right: InvalidReason) -> Bool { left.order < right.order }

  private var order: Int { Self.orders[self] ?? 0 }
  private static let orders = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($0.element, $0.offset) })
}

/// A record that is not written, and why.
package struct Refusal: Error, Sendable, Equatable {
  /// Why.
  package var reason: InvalidReason
  /// Where and what, for a person; no text of the conversation but names.
  package var detail: String

  /// A reason with its place.
  package init(_ reason: InvalidReason, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }
}

/// What was changed in a record that is written all the same. Source: formats/datasets.md §9.3.
package enum Warning: String, Sendable, CaseIterable {
  case consecutiveMerged = "consecutive_merged"
  case prefillMerged = "prefill_merged"
  case midSystem = "mid_system"
  case leadingAssistantDropped = "leading_assistant_dropped"
  case userTextMerged = "user_text_merged_into_observation"
  case toolIDsReassigned = "tool_ids_reassigned"
  case toolResultsReordered = "tool_results_reordered"
  case toolError = "tool_error"
  case undeclaredToolInHistory = "undeclared_tool_in_history"
  case legacyFunctions = "legacy_functions"
  case serverToolDropped = "server_tool_dropped"
  case extraChoicesIgnored = "extra_choices_ignored"
  case noFinishReason = "no_finish_reason"
  case redactedThinkingDropped = "redacted_thinking_dropped"
  case reasoningDropped = "reasoning_dropped_in_openai"
  case mediaTagEscaped = "media_tag_escaped"
  case invalidUnicodeReplaced = "invalid_unicode_replaced"
}
