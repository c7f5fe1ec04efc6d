import Base
import Glibc

extension EventLoop {
  /// Now, as the Date header says it; made anew once a second.
  var date: [UInt8] {
    let second = time(nil)
    if second != dateSecond {
      dateSecond = second
      dateText = Array(Timestamp(seconds: second).httpDate.utf8)
    }
    return dateText
  }
}
