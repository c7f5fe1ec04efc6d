import Base
import Testing

@testable import HTTP

@Suite struct `An address` {
  @Test(arguments: [
    ("127.0.0.1:80", "127.0.0.1:80", true), ("127.9.9.9:1", "127.9.9.9:1", true), ("[::1]:8000", "[::1]:8000", true),
    ("localhost:8000", "127.0.0.1:8000", true), ("0.0.0.0:0", "0.0.0.0:0", false), ("[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:1", true),
    ("[::]:1", "[::]:1", false), ("10.0.0.1:65535", "10.0.0.1:65535", false),
  ])
  func `is read and written`(text: String, written: String, isLoopback: Bool) throws {
    let address = try Address(parsing: text)
    #expect(address.description == written)
    #expect(address.isLoopback == isLoopback)
  }

  @Test(arguments: [
    "", "127.0.0.1", ":80", "127.1:80", "0x7f.1:80", "2130706433:80", "example.com:80", "1.2.3.4:65536", "1.2.3.4:x", "[::1:80",
  ])
  func `is refused in any other spelling`(text: String) {
    #expect(throws: Fault.self) { try Address(parsing: text) }
  }
}

@Suite struct `Header fields` {
  @Test func `can't be forged by a value`() {
    var headers = Headers()
    headers.append("x-a", "1\r\nx-b: 2\0")
    #expect(headers.count == 1)
    #expect(headers["x-a" as HeaderName] == "1  x-b: 2 ")
  }

  @Test func `are found in any case and left out by name`() {
    var headers = Headers()
    headers.append(name: Array("Content-Type".utf8), Array("a".utf8))
    headers.append(name: Array("CONNECTION".utf8), Array("close, X".utf8))
    #expect(headers[.contentType] == "a")
    #expect(headers["conTENT-type" as String] == "a")
    #expect(headers.elements(.connection) == ["close", "x"])
    #expect(headers.without(HeaderName.hopByHop).count == 1)
    var out: [UInt8] = []
    headers.write(to: &out, without: [.connection])
    #expect(String(decoding: out, as: UTF8.self) == "Content-Type: a\r\n")
  }
}

@Suite struct `An address on the public internet` {
  @Test(arguments: [
    "1.1.1.1", "8.8.8.8", "93.184.216.34", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "169.253.0.1", "192.0.1.0",
    "198.17.0.1",
    "198.20.0.0", "223.255.255.255", "192.167.0.1", "2606:4700::1111", "2001:4860:4860::8888", "2001:200::1", "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
  ])
  func `is known`(text: String) throws {
    #expect(try #require(Address(text, port: 80)).isPublic)
  }

  @Test(arguments: [
    // This machine and network, private, shared, link-local with the metadata of clouds, documentation, multicast, reserved.
    "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.255", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1",
    "100.100.100.200", "169.254.169.254", "169.254.0.1", "192.0.0.192", "192.0.2.1", "198.51.100.7", "203.0.113.9", "192.88.99.1",
    "198.18.0.1",
    "198.19.255.255", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "100::1", "2001::1", "2001:2::1", "2001:10::1",
    "2001:20::1",
    "2001:db8::1", "3fff::1", "4000::1", "5f00::1",
    // The same inside IPv6.
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808", "2002:7f00:1::1", "2002:a00:1::1",
  ])
  func `is not one of these`(text: String) throws {
    #expect(try !#require(Address(text, port: 80)).isPublic)
  }

  @Test func `has 4 or 16 bytes`() {
    #expect(!Address(bytes: [], port: 80).isPublic)
    #expect(!Address(bytes: [8, 8, 8], port: 80).isPublic)
  }
}

@Suite struct `A block of addresses` {
  @Test(arguments: [
    ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.7", "192.0.2.7", true),
    ("192.0.2.7", "192.0.2.6", false),
    ("10.0.0.0/9", "10.127.0.1", true), ("10.0.0.0/9", "10.128.0.1", false), ("0.0.0.0/0", "203.0.113.1", true),
    ("0.0.0.0/0", "::1", false),
    ("192.0.2.0/24", "::ffff:192.0.2.1", true), ("2001:db8::/33", "2001:db8:7fff::", true), ("2001:db8::/33", "2001:db8:8000::", false),
    ("::/0", "::ffff:192.0.2.1", true),
  ])
  func `holds those that begin so`(block: String, address: String, isInside: Bool) throws {
    #expect(try #require(AddressBlock(block)).contains(#require(Address(address, port: 80))) == isInside)
  }

  @Test(arguments: ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "10.1/8", "a.example", "10.0.0.0/8/8", "10.0.0.0/x"])
  func `is not read from anything else`(text: String) {
    #expect(AddressBlock(text) == nil)
  }
}
