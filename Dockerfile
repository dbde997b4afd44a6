# The build, on the release of Go that the tests run with.
FROM golang:1.26.8 AS build
WORKDIR /src

# Modules first: this layer is built again only when the dependencies change.
COPY go.mod go.sum ./
RUN go mod download

COPY . .
ARG VERSION=
ENV CGO_ENABLED=0
RUN go build -pgo=cmd/amazon-capi/run.pgo -trimpath -buildvcs=false -ldflags "-s -w -X main.buildVersion=${VERSION}" -o /out/amazon-capi ./cmd/amazon-capi

# Nothing but the program and the authorities that Amazon's certificates come
# from: no shell, no package manager, nothing to patch but a rebuild.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/amazon-capi /amazon-capi

# A number, so that Kubernetes' runAsNonRoot can tell without a passwd file.
USER 65532:65532
# Beyond this machine, which a container's network is for: by default the pages,
# which have no password, are for this machine alone.
ENV AMAZON_CAPI_LISTEN=:8080
EXPOSE 8080
# Whether it works, not whether all that it needs is there: a restart mends the one
# and not the other.
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["/amazon-capi", "healthcheck", "--url", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["/amazon-capi"]
CMD ["run"]
