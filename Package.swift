// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  // Tests run with the checks of overlapping accesses; the release leaves them out, which were 4 % of a chat's instructions.
  .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let package = Package(
  name: "apus",
  products: [.executable(name: "apus", targets: ["apus"])],
  targets: [
    // Libraries of the system (DESIGN §8).
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPostgreSQL", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CBrotli", pkgConfig: "libbrotlidec", providers: [.apt(["libbrotli-dev"])]),
    // It comes without a file for pkg-config.
    .systemLibrary(name: "CWslay", providers: [.apt(["libwslay-dev"])]),
    // What C must say for us: functions behind _GNU_SOURCE, variadics, code for four lanes at once; the embedded provider files.
    .target(name: "CSystem"),
    .target(name: "CAssets", cSettings: [.unsafeFlags(["-std=c2x"])]),

    // The house: every arrow points down.
    .target(name: "Base", dependencies: ["COpenSSL", "CYAML", "CPCRE2", "CSystem"], swiftSettings: strict),
    .target(name: "Wire", dependencies: ["Base"], swiftSettings: strict),
    .target(name: "HTTP", dependencies: ["Base", "COpenSSL", "CNghttp2", "CWslay", "CSystem"], swiftSettings: strict),
    .target(name: "Upstream", dependencies: ["HTTP", "Wire", "Base", "CSystem", "CZlib"], swiftSettings: strict),
    .target(
      name: "Archive", dependencies: ["Wire", "Base", "CSQLite", "CPostgreSQL", "CZstd", "CZlib", "CBrotli", "CSystem"],
      swiftSettings: strict),
    .target(name: "Datasets", dependencies: ["Archive", "Wire", "Base", "CZstd", "CSQLite"], swiftSettings: strict),
    .target(name: "Gateway", dependencies: ["Upstream", "Archive", "HTTP", "Wire", "Base", "CAssets"], swiftSettings: strict),
    .executableTarget(
      name: "apus", dependencies: ["Gateway", "Datasets", "Upstream", "Archive", "HTTP", "Wire", "Base"], swiftSettings: strict,
      // One program without shared parts of the toolchain: it runs where Swift isn't installed, starts sooner and takes half the memory.
      linkerSettings: [.unsafeFlags(["-static-stdlib"])]),

    .testTarget(name: "BaseTests", dependencies: ["Base"], swiftSettings: strict),
    .testTarget(name: "WireTests", dependencies: ["Wire", "Base", "CAssets"], swiftSettings: strict),
    .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Base"], swiftSettings: strict),
    .testTarget(name: "ArchiveTests", dependencies: ["Archive", "Wire", "Base"], swiftSettings: strict),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Archive", "Wire", "Base"], swiftSettings: strict),
    .testTarget(name: "GatewayTests", dependencies: ["Gateway", "Archive", "Upstream", "Wire", "HTTP", "Base"], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
