# The same steps as scripts/serve, in two stages. Swift itself is linked in, so that the second stage needs only C libraries.
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    pkg-config libssl-dev libnghttp2-dev libyaml-dev libpcre2-dev libsqlite3-dev libpq-dev libzstd-dev zlib1g-dev libbrotli-dev libwslay-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources Sources
COPY Providers Providers
COPY Tests Tests
RUN swift build -c release --product apus --static-swift-stdlib

FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    ca-certificates libssl3 libnghttp2-14 libyaml-0-2 libpcre2-8-0 libsqlite3-0 libpq5 libzstd1 zlib1g libbrotli1 libwslay1 && rm -rf /var/lib/apt/lists/* \
  && useradd --system --home-dir /apus --create-home apus
COPY --from=build /src/.build/release/apus /usr/local/bin/apus
USER apus
WORKDIR /apus
EXPOSE 8000
# Other machines may call, so the mounted apus.yaml must have keys.
ENTRYPOINT ["apus", "serve", "--listen", "0.0.0.0:8000"]
