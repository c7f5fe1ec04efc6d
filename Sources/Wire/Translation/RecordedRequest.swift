package import Base

/// A recorded request, read again, as far as it can be understood.
///
/// A proxied request may hold what its upstream took and the translation would refuse: parts, roles or settings of one vendor. The
/// decoders say where: that is left out, and the rest is read once more.
package struct RecordedRequest: Sendable {
  /// What was asked for; nil when nothing could be understood.
  package private(set) var chat: Chat?
  /// What was left out, as paths in the body: each in the one that the paths before it are gone from.
  package private(set) var unread: [String] = []
  /// Why there is no chat; nil when there is one.
  package private(set) var fault: Fault?

  /// So many things may be left out of one body; each costs one more reading.
  package static let mostUnread = 64

  /// Reads a body without its content coding; `model` and `isStream` are what the path tells. All readings together read no more than
  /// `limit` bytes, but the first is always made.
  package init(_ wire: ClientWire, _ bytes: [UInt8], model: String = "", isStream: Bool = false, limit: Int = 256 << 20) {
    do throws(Fault) {
      try read(wire, JSON(parsing: bytes), model, isStream, limit)
    } catch {
      fault = error
    }
  }

  /// Reads a body that was parsed already, as the other does.
  package init(_ wire: ClientWire, _ body: JSON, model: String = "", isStream: Bool = false, limit: Int = 256 << 20) {
    do throws(Fault) {
      try read(wire, body, model, isStream, limit)
    } catch {
      fault = error
    }
  }

  private mutating func read(_ wire: ClientWire, _ body: JSON, _ model: String, _ isStream: Bool, _ limit: Int) throws(Fault) {
    var body = body
    var count = 0
    while true {
      count += body.bytes.count
      do throws(Fault) {
        chat = try wire.decode(body, model: model, isStream: isStream)
        return
      } catch {
        guard unread.count < Self.mostUnread, count + body.bytes.count <= limit, let path = error.param,
          let (rest, left) = Self.without(path, body)
        else { throw error }
        unread.append(left)
        body = rest
      }
    }
  }

  /// The body without what a path names; where that is missing, without what should hold it. Nil when that is the body itself.
  private static func without(_ path: String, _ body: JSON) -> (body: JSON, path: String)? {
    var path = path[...]
    while let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) {
      if let holder = body.at(String(path[..<cut])), let rest = removed(path[cut...].dropFirst(), from: holder, body) {
        return (rest, String(path))
      }
      path = path[..<cut]
    }
    return removed(path, from: body, body).map { ($0, String(path)) }
  }

  /// The body without a member, or without an element that is named as `1]`.
  private static func removed(_ step: Substring, from holder: JSON, _ body: JSON) -> JSON? {
    var edit = JSONEdit(body)
    if step.hasSuffix("]") {
      guard let position = Int(step.dropLast()), holder[position] != nil else { return nil }
      edit.replace(holder, with: .array(holder.elements.enumerated().filter { $0.offset != position }.map(\.element)))
    } else {
      guard holder[String(step)] != nil else { return nil }
      edit.remove(String(step), from: holder)
    }
    return try? JSON(parsing: edit.bytes())  // nil can't be: what was taken out was whole
  }
}
