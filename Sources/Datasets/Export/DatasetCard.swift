import Base

/// What stands beside the files: a card for Hugging Face, and what trainers want to be told.
struct DatasetCard {
  private let plan: ExportPlan
  private let counts: ExportCounts
  private let files: [ExportedFile]

  init(_ plan: ExportPlan, _ counts: ExportCounts, _ files: [ExportedFile]) {
    (self.plan, self.counts, self.files) = (plan, counts, files)
  }

  /// The texts by the names of their files.
  var texts: [(name: String, text: String)] {
    var texts = [(name: "README.md", text: readme)]
    if let info = datasetInfo { texts.append((name: "dataset_info.json", text: info.description + "\n")) }
    if let axolotl { texts.append((name: "axolotl.yaml", text: axolotl)) }
    return texts
  }

  private func names(_ split: String) -> [String] { files.map(\.name).filter { $0.hasPrefix(split) } }

  private var splits: [String] { ShardWriter.splitNames.filter { !names($0).isEmpty } }

  // MARK: README

  private var readme: String {
    var head = "---\nconfigs:\n- config_name: default\n  data_files:\n"
    for split in splits {
      head += "  - split: \(split)\n    path:\n" + names(split).map { "    - \($0)\n" }.joined()
    }
    head += "size_categories:\n- \(sizeCategory)\ntags:\n- apus\n- \(plan.format.rawValue)\n---\n"
    let rows = [
      ("chosen", counts.selected), ("written", counts.allWritten), ("invalid", counts.invalid.values.reduce(0, +)),
      ("left out", counts.skipped.values.reduce(0, +)),
    ]
    return head + """

      # Conversations recorded by Apus, as \(plan.format.rawValue)

      | records | number |
      |---|---|
      \(rows.map { "| \($0.0) | \($0.1) |" }.joined(separator: "\n"))

      \(table("Why records are invalid (`invalid.jsonl`)", counts.invalid))\(table("Why records were left out (`skipped.jsonl`)", counts.skipped))\
      \(table("What was changed in written records", counts.warnings))\(table("What scrubbing found", counts.findings))\
      `manifest.json` has the options, the counts and the digest of every file.

      \(use)
      Before you train: set a licence above, and read the terms of the providers that answered. Some forbid to train models that compete with
      theirs on their answers.

      """
  }

  private func table(_ title: String, _ counts: [String: Int]) -> String {
    guard !counts.isEmpty else { return "" }
    let rows = counts.sorted { $0.key < $1.key }.map { "| `\($0.key)` | \($0.value) |" }.joined(separator: "\n")
    return "\(title):\n\n| what | number |\n|---|---|\n\(rows)\n\n"
  }

  private var sizeCategory: String {
    switch counts.allWritten {
    case ..<1000: "n<1K"
    case ..<10_000: "1K<n<10K"
    case ..<100_000: "10K<n<100K"
    case ..<1_000_000: "100K<n<1M"
    default: "1M<n<10M"
    }
  }

  private var use: String {
    let first = names("train").first ?? "train.jsonl"
    switch plan.format {
    case .sharegpt, .sharegptDPO, .sharegptKTO, .alpaca:
      let last = plan.options.loss == .last ? ", `mask_history: true`" : ""
      return
        "LLaMA-Factory: put this folder's path into `dataset_dir` and set `dataset: apus`\(last); images are found with `media_dir` set to it too.\n"
    case .fastchat: return "FastChat: `--data-path \(first)`.\n"
    case .openai, .openaiDPO: return "Upload `\(first)` with the purpose `fine-tune`.\n"
    case .trl, .trlDPO, .trlKTO:
      return
        "TRL:\n\n```python\nfrom datasets import load_dataset\ndataset = load_dataset(\"json\", data_files=\"\(first)\", split=\"train\")\n```\n"
    case .axolotl: return "axolotl: take `axolotl.yaml` into your config.\n"
    case .msSwift, .msSwiftDPO, .msSwiftKTO: return "ms-swift: `swift sft --dataset \(first)`.\n"
    }
  }

  // MARK: Trainers

  /// What LLaMA-Factory must be told. Source: formats/datasets.md §2.
  private var datasetInfo: JSON? {
    var columns: [(String, JSON)]
    var extra: [(String, JSON)] = [("formatting", "sharegpt")]
    switch plan.format {
    case .sharegpt: columns = [("messages", "conversations"), ("system", "system"), ("tools", "tools")]
    case .sharegptDPO:
      columns = [("messages", "conversations"), ("chosen", "chosen"), ("rejected", "rejected"), ("system", "system"), ("tools", "tools")]
      extra.append(("ranking", true))
    case .sharegptKTO: columns = [("messages", "conversations"), ("kto_tag", "kto_tag"), ("system", "system"), ("tools", "tools")]
    case .alpaca:
      columns = [("prompt", "instruction"), ("query", "input"), ("response", "output"), ("system", "system"), ("history", "history")]
      extra = [("formatting", "alpaca")]
    default: return nil
    }
    if counts.hasImages { columns.append(("images", "images")) }
    var sets: [(String, JSON)] = []
    for split in splits {
      for (number, name) in names(split).enumerated() {
        let set = (split == "train" ? "apus" : "apus_validation") + (plan.shards == 1 ? "" : "_\(number)")
        sets.append((set, .object([("file_name", JSON(name))] + extra + [("columns", .object(columns))])))
      }
    }
    return .object(sets)
  }

  /// Source: formats/datasets.md §4.
  private var axolotl: String? {
    guard plan.format == .axolotl || plan.format == .trl else { return nil }
    let trained = plan.options.loss == .last ? "  roles_to_train: []\n  message_field_training: train\n" : ""
    return names("train").map { name in
      "datasets:\n- path: \(name)\n  type: chat_template\n  field_messages: messages\n  field_tools: tools\n\(trained)"
    }.first
  }
}
