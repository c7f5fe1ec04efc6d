import Wire

extension Picture {
  /// The file's ending: by its bytes, else by the type that was told. Nil for other kinds. Source: formats/datasets.md §9.2.
  static func ending(_ bytes: [UInt8], _ type: String) -> String? {
    let sniffed = MediaType.sniff(bytes)
    switch sniffed ?? MediaType.plain(type) {
    case "image/png": return "png"
    case "image/jpeg", "image/jpg": return "jpg"
    case "image/webp": return "webp"
    case "image/gif": return "gif"
    default: return nil
    }
  }
}
