import Base

/// `zhipu_stamp@1`: the time of day as chatglm.cn wants it, its last but one digit a check digit of the others.
///
/// In: `ms`, milliseconds of the time of day, a number or its digits. Out: `timestamp`, the digits that go into `X-Timestamp` and the
/// signature. Source: protocol notes on Zhipu, §3.
enum ZhipuStamp {
  /// Throws `internal` for a time that hasn't 13 digits.
  static func values(_ input: Hook.Values) throws(Fault) -> Hook.Values {
    guard let stamp = stamp(input["ms"]?.string ?? input["ms"]?.numberText ?? "") else {
      throw Fault(.internal, "zhipu_stamp@1 needs `ms`, a time of day in milliseconds.")
    }
    return ["timestamp": JSON(stamp)]
  }

  /// The digits with the check digit; nil unless they are 13.
  static func stamp(_ digits: String) -> String? {
    var bytes = Array(digits.utf8)
    guard bytes.count == 13, bytes.allSatisfy({ (48...57).contains($0) }) else { return nil }
    let sum = bytes.reduce(0) { $0 + Int($1) - 48 } - (Int(bytes[11]) - 48)
    bytes[11] = UInt8(48 + sum % 10)
    return String(decoding: bytes, as: UTF8.self)
  }
}
