//go:build linux

package grpc

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

const secret = "tangerine-grpc"

// etcdDescriptor writes as much of etcd's interface as the tests call.
func etcdDescriptor(t *testing.T, dir string) (file string) {
	t.Helper()
	type label = descriptorpb.FieldDescriptorProto_Label
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, of string, label label) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{Name: new(name), Number: new(number), Type: kind.Enum(), Label: label.Enum()}
		if of != "" {
			f.TypeName = new(".etcdserverpb." + of)
		}
		return f
	}
	const (
		one     = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
		many    = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		octets  = descriptorpb.FieldDescriptorProto_TYPE_BYTES
		integer = descriptorpb.FieldDescriptorProto_TYPE_INT64
		within  = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	message := func(name string, fields ...*descriptorpb.FieldDescriptorProto) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{Name: new(name), Field: fields}
	}
	method := func(name, in, out string, stream bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{
			Name: new(name), InputType: new(".etcdserverpb." + in), OutputType: new(".etcdserverpb." + out), ServerStreaming: new(stream),
		}
	}
	set, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: new("rpc.proto"), Package: new("etcdserverpb"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{
			message("ResponseHeader", field("revision", 3, integer, "", one)),
			message("KeyValue", field("key", 1, octets, "", one), field("version", 4, integer, "", one), field("value", 5, octets, "", one)),
			message("RangeRequest", field("key", 1, octets, "", one), field("range_end", 2, octets, "", one)),
			message("RangeResponse", field("header", 1, within, "ResponseHeader", one), field("kvs", 2, within, "KeyValue", many), field("count", 4, integer, "", one)),
			message("PutRequest", field("key", 1, octets, "", one), field("value", 2, octets, "", one)),
			message("PutResponse", field("header", 1, within, "ResponseHeader", one)),
			message("Tree", field("children", 1, within, "Tree", many)),
		},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: new("KV"), Method: []*descriptorpb.MethodDescriptorProto{
			method("Range", "RangeRequest", "RangeResponse", false), method("Put", "PutRequest", "PutResponse", false),
			method("Missing", "RangeRequest", "RangeResponse", false), method("Watch", "RangeRequest", "RangeResponse", true), method("Tree", "RangeRequest", "Tree", false),
		}}},
	}}})
	probetest.OK(t, err)
	file = filepath.Join(dir, "etcd.binpb")
	probetest.OK(t, os.WriteFile(file, set, 0o600))
	return file
}

// startEtcd starts etcd, which serves grpc.health.v1 and etcdserverpb.KV with
// gRPC for Go.
func startEtcd(t *testing.T, args ...string) (address string, stop func()) {
	t.Helper()
	program := probetest.NeedProgram(t, "etcd-server", "/usr/bin/etcd")
	scheme := "http"
	if len(args) > 0 {
		scheme = "https"
	}
	dir := probetest.HumbleDir(t)
	address = "127.0.0.1:" + probetest.FreePort(t)
	peer := "http://127.0.0.1:" + probetest.FreePort(t)
	etcd, _ := probetest.StartDatabase(t, dir, syscall.SIGKILL, program, append([]string{
		"--name", "one", "--data-dir", filepath.Join(dir, "data"), "--listen-client-urls", scheme + "://" + address, "--advertise-client-urls", scheme + "://" + address,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "one=" + peer, "--unsafe-no-fsync", "--log-level", "error", "--logger", "zap",
	}, args...)...)
	return address, func() {
		probetest.OK(t, etcd.Process.Signal(syscall.SIGKILL))
		_ = etcd.Wait()
	}
}

func TestGRPC(t *testing.T) {
	t.Parallel()
	dir := probetest.HumbleDir(t)
	ca, cert, key := probetest.Authority(t, dir, "good")
	otherCA, otherCert, otherKey := probetest.Authority(t, t.TempDir(), "other")
	descriptor := etcdDescriptor(t, t.TempDir())
	address, stop := startEtcd(t)
	securedAt, _ := startEtcd(t, "--cert-file", cert, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", ca)
	good := Options{Address: address}
	secured := Options{Address: securedAt, SecureOptions: probe.SecureOptions{TLS: true, CAFile: ca, ProofOptions: probe.ProofOptions{ClientCertFile: cert, ClientKeyFile: key}}}
	probetest.UntilPass(t, &Kind, &good)
	probetest.UntilPass(t, &Kind, &secured)
	put := Options{Address: address, Method: "etcdserverpb.KV/Put", DescriptorFile: descriptor, Request: `{"key": "Zm9v", "value": "YmFy"}`}
	get := put
	get.Method, get.Request = "/etcdserverpb.KV/Range", `{"key": "Zm9v"}`
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		from    Options
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"health", good, func(*Options) {}, checks.Pass, "", "SERVING"},
		{"health by claims", good, func(o *Options) {
			o.Expect = []string{"health == 'SERVING' && code == 'OK' && message == '' && size == 2 && !reused && latency < duration('5s') && headers['content-type'] == 'application/grpc'"}
		}, checks.Pass, "", "SERVING"},
		{"other service", good, func(o *Options) { o.Service = "shop.v1.Orders" }, checks.Fail, checks.ReasonStatus, `the server does not know the service "shop.v1.Orders": NOT_FOUND (5)`},
		{"other service as expected", good, func(o *Options) { o.Service, o.Status = "shop.v1.Orders", []any{"not_found", 0} }, checks.Pass, "", "NOT_FOUND"},
		{"TLS", secured, func(*Options) {}, checks.Pass, "", "SERVING"},
		{"any certificate", secured, func(o *Options) { o.CAFile, o.InsecureTLS = "", true }, checks.Pass, "", "SERVING"},
		{"wrong authority", secured, func(o *Options) { o.CAFile = otherCA }, checks.Fail, checks.ReasonTLS, "unknown authority"},
		{"wrong name", secured, func(o *Options) { o.ServerName = "orders.example.com" }, checks.Fail, checks.ReasonTLS, `not "orders.example.com"`},
		{"right name", secured, func(o *Options) { o.ServerName = "localhost" }, checks.Pass, "", "SERVING"},
		{"TLS to plain", good, func(o *Options) { o.TLS = true }, checks.Fail, "", "while negotiating TLS"},
		{"plain to TLS", secured, func(o *Options) { o.SecureOptions = probe.SecureOptions{} }, checks.Fail, "", ""},
		{"put", put, func(*Options) {}, checks.Pass, "", "OK"},
		{"get", get, func(o *Options) {
			o.Expect = []string{"json.kvs.size() == 1 && json.kvs[0].value == 'YmFy' && int(json.count) == 1 && int(json.header.revision) > 1"}
		}, checks.Pass, "", "OK"},
		{"get nothing", get, func(o *Options) {
			o.Request, o.FailIf = `{"key": "bm9wZQ=="}`, []string{"int(json.count) > 0"}
		}, checks.Pass, "", "OK"},
		{"false claim", get, func(o *Options) { o.Expect = []string{"int(json.count) > 1"} }, checks.Fail, checks.ReasonAssertion, "int(json.count) > 1 is false: int(json.count) is 1"},
		{"degraded claim", get, func(o *Options) { o.DegradedIf = []string{"size > 1"} }, checks.Degraded, checks.ReasonAssertion, "is true"},
		{"bad argument", get, func(o *Options) { o.Request = "" }, checks.Fail, checks.ReasonStatus, `INVALID_ARGUMENT (3) "etcdserver: key is not provided", expected OK`},
		{"no such method", get, func(o *Options) { o.Method = "etcdserverpb.KV/Missing" }, checks.Fail, checks.ReasonStatus, "UNIMPLEMENTED (12)"},
		{"no such service, without descriptors", good, func(o *Options) { o.Method = "shop.v1.Orders/Ping" }, checks.Fail, checks.ReasonStatus, "UNIMPLEMENTED (12)"},
		{"bearer token", get, func(o *Options) { o.BearerToken = secret }, checks.Fail, checks.ReasonStatus, `UNAUTHENTICATED (16) "etcdserver: invalid auth token", expected OK`},
		{"slow", good, func(o *Options) { o.DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "SERVING after"},
		{"too slow", good, func(o *Options) { o.FailOver = 1 }, checks.Fail, checks.ReasonLatency, "limit"},
		{"name that is none", good, func(o *Options) { o.Address = "nowhere.invalid:443" }, checks.Fail, checks.ReasonDNS, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, long)
			if tt.reason == "" && tt.outcome != checks.Pass { // how a server of TLS ends what is none is its own affair
				tt.reason = r.Reason
			}
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
			if r.Outcome != checks.Pass && r.Reason != checks.ReasonDNS && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("client certificate", func(t *testing.T) {
		o := secured
		o.ClientCertFile, o.ClientKeyFile = otherCert, otherKey
		if r := probetest.Probing(t, &Kind, &o, long); r.Outcome != checks.Fail || r.Reason != checks.ReasonTLS && r.Reason != checks.ReasonReset { // a reset may overtake the alert
			t.Errorf("got %+v", r)
		}
		// One that can be read when the check is compiled, and not later.
		copies := t.TempDir()
		for name, from := range map[string]string{"c.pem": cert, "k.pem": key} {
			b, err := os.ReadFile(from)
			probetest.OK(t, err)
			probetest.OK(t, os.WriteFile(filepath.Join(copies, name), b, 0o600))
		}
		o.ClientCertFile, o.ClientKeyFile, o.Dir = "c.pem", "k.pem", copies
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		probetest.OK(t, err)
		probetest.OK(t, os.Remove(filepath.Join(copies, "k.pem")))
		r, _ := c.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the client certificate cannot be read")
	})
	t.Run("phases", func(t *testing.T) {
		if r := probetest.Probing(t, &Kind, &secured, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 || r.Phases.Transfer <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("kept connection", func(t *testing.T) {
		o := secured
		o.Reuse, o.Expect = true, []string{"health == 'SERVING'"}
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		probetest.OK(t, err)
		first, _ := c.Run(t.Context())
		probetest.WantResult(t, first, checks.Pass, "", "SERVING")
		for range 3 {
			again, _ := c.Run(t.Context())
			probetest.WantResult(t, again, checks.Pass, "", "SERVING on a kept connection")
			if again.Phases.Connect != 0 || again.Phases.TLS != 0 || again.Phases.FirstByte <= 0 {
				t.Errorf("phases: %+v", again.Phases)
			}
		}
	})
	t.Run("stalled", func(t *testing.T) {
		over := secured
		over.Address = probetest.Stalling(t, securedAt)
		probetest.WantResult(t, probetest.Until(t, &Kind, &over, 300*time.Millisecond, "while negotiating TLS"), checks.Fail, checks.ReasonTimeout, "while negotiating TLS")
		o := good
		o.Address = probetest.Stalling(t, address)
		probetest.WantResult(t, probetest.Until(t, &Kind, &o, 300*time.Millisecond, "while waiting for the answer"), checks.Fail, checks.ReasonTimeout, "while waiting for the answer")
	})
	t.Run("through nginx", func(t *testing.T) {
		testGRPCThroughNginx(t, address, cert, key, ca, stop)
	})
	t.Run("stopped", func(t *testing.T) {
		probetest.WantResult(t, probetest.Probing(t, &Kind, &good, long), checks.Fail, checks.ReasonConnect, "connection refused")
	})
}

// testGRPCThroughNginx asks etcd by way of a proxy, and stops it.
func testGRPCThroughNginx(t *testing.T, address, cert, key, ca string, stop func()) {
	nginx := probetest.NeedProgram(t, "nginx-light", "/usr/sbin/nginx")
	port := probetest.UnusedPorts(t, 1)[0]
	conf := filepath.Join(t.TempDir(), "nginx.conf")
	probetest.OK(t, os.WriteFile(conf, []byte(fmt.Sprintf(`daemon off; master_process off; pid %[1]q; error_log stderr; user root;
events {}
http {
  access_log off;
  client_body_temp_path %[2]q; proxy_temp_path %[2]q; fastcgi_temp_path %[2]q; uwsgi_temp_path %[2]q; scgi_temp_path %[2]q;
  server { listen 127.0.0.1:%[3]d ssl http2; ssl_certificate %[4]q; ssl_certificate_key %[5]q; location / { grpc_pass grpc://%[6]s; } }
}`, filepath.Join(t.TempDir(), "pid"), t.TempDir(), port, cert, key, address)), 0o600))
	probetest.StartListening(t, port, nginx, "-c", conf)
	o := Options{Address: probetest.Local(port), SecureOptions: probe.SecureOptions{TLS: true, CAFile: ca}}
	probetest.WantResult(t, probetest.Probing(t, &Kind, &o, 5*time.Second), checks.Pass, "", "SERVING")
	stop()
	r := probetest.Probing(t, &Kind, &o, 5*time.Second)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "502")
	if r.Evidence == nil || r.Evidence.Status == 0 {
		t.Errorf("evidence: %+v", r.Evidence)
	}
}

// Another implementation of gRPC than etcd's, and what etcd does not say.
func TestGRPCOfPython(t *testing.T) {
	t.Parallel()
	python := probetest.NeedProgram(t, "python3-grpcio", "/usr/bin/python3")
	probetest.NeedPackage(t, "/usr/lib/python3/dist-packages/grpc/__init__.py", "python3-grpcio")
	port := probetest.UnusedPorts(t, 1)[0]
	script := filepath.Join(t.TempDir(), "server.py")
	probetest.OK(t, os.WriteFile(script, []byte(grpcPython), 0o600))
	probetest.StartListening(t, port, python, "-u", script, probetest.Local(port))
	health := Options{Address: probetest.Local(port)}
	call := func(method string) Options {
		return Options{Address: probetest.Local(port), Method: "test.Odd/" + method}
	}
	probetest.UntilPass(t, &Kind, &health)
	descriptor := etcdDescriptor(t, t.TempDir())
	const long = time.Minute
	for _, tt := range []struct {
		name    string
		from    Options
		change  func(*Options)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"serving", health, func(o *Options) { o.Service = "good" }, checks.Pass, "", "SERVING"},
		{"not serving", health, func(o *Options) { o.Service = "bad" }, checks.Fail, checks.ReasonStatus, "the server says that bad is NOT_SERVING"},
		{"unknown", health, func(o *Options) { o.Service = "odd" }, checks.Fail, checks.ReasonStatus, "the server says that odd is UNKNOWN"},
		{"service unknown", health, func(o *Options) { o.Service = "gone" }, checks.Fail, checks.ReasonStatus, "the server says that gone is SERVICE_UNKNOWN"},
		{"not found", health, func(o *Options) { o.Service = "other" }, checks.Fail, checks.ReasonStatus, `the server does not know the service "other"`},
		{"not a health", health, func(o *Options) { o.Service = "garbage" }, checks.Fail, checks.ReasonProtocol, "the answer is not one of grpc.health.v1"},
		{"unavailable, in words beyond ASCII", call("Unavailable"), func(*Options) {}, checks.Fail, checks.ReasonStatus, `UNAVAILABLE (14) "100 % of the köchers, \"gone\"", expected OK`},
		{"crashes", call("Crash"), func(*Options) {}, checks.Fail, checks.ReasonStatus, "UNKNOWN (2)"},
		{"no such method", call("Nothing"), func(*Options) {}, checks.Fail, checks.ReasonStatus, "UNIMPLEMENTED (12)"},
		{"metadata", call("Who"), func(o *Options) { o.Metadata = map[string]string{"X-Who": "probe"} }, checks.Pass, "", "OK"},
		{"metadata of the answer", call("Who"), func(o *Options) {
			o.Metadata, o.Expect = map[string]string{"x-who": "probe"}, []string{"headers['x-said'] == 'probe' && headers['x-after'] == 'done'"}
		}, checks.Pass, "", "OK"},
		{"no metadata", call("Who"), func(*Options) {}, checks.Fail, checks.ReasonStatus, "UNAUTHENTICATED (16)"},
		{"bearer token", call("Bearer"), func(o *Options) { o.BearerToken = secret }, checks.Pass, "", "OK"},
		{"a wrong bearer token, which is repeated", call("Bearer"), func(o *Options) { o.BearerToken = secret + "-old" }, checks.Fail, checks.ReasonStatus, "PERMISSION_DENIED (7)"},
		{"an authority", call("Host"), func(o *Options) { o.Authority = "orders.example.com" }, checks.Fail, checks.ReasonStatus, `ABORTED (10) "orders.example.com"`},
		{"a long message", call("Long"), func(*Options) {}, checks.Unknown, checks.ReasonInternal, errLongMessage.Error()},
		{"a message of 64 KiB", call("Full"), func(o *Options) { o.Expect = []string{"size == 65536"} }, checks.Pass, "", "OK"},
		{"two messages", call("Two"), func(*Options) {}, checks.Fail, checks.ReasonProtocol, errTwoMessages.Error()},
		{"compressed answers", call("Squeezed"), func(o *Options) { o.Expect = []string{"size == 1000"} }, checks.Pass, "", "OK"},
		{"another type", call("Who"), func(o *Options) { o.Method, o.DescriptorFile = "etcdserverpb.KV/Range", descriptor }, checks.Fail, checks.ReasonProtocol, errNotMessage.Error()},
		{"a tree that is wide", call("Tree"), func(o *Options) { o.Method, o.DescriptorFile = "etcdserverpb.KV/Tree", descriptor }, checks.Unknown, checks.ReasonInternal, errManyFields.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probetest.Probing(t, &Kind, &o, long)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			probetest.NoSecret(t, r, secret)
		})
	}
	t.Run("token from a file", func(t *testing.T) {
		o := call("Bearer")
		o.BearerTokenFile = filepath.Join(t.TempDir(), "token")
		probetest.OK(t, os.WriteFile(o.BearerTokenFile, []byte(secret+"-old\n"), 0o600))
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		probetest.OK(t, err)
		r, _ := c.Run(t.Context())
		probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "PERMISSION_DENIED")
		probetest.NoSecret(t, r, secret)
		probetest.OK(t, os.WriteFile(o.BearerTokenFile, []byte(secret+"\n"), 0o600))
		r, _ = c.Run(t.Context())
		probetest.WantResult(t, r, checks.Pass, "", "OK")
		probetest.OK(t, os.Remove(o.BearerTokenFile))
		r, _ = c.Run(t.Context())
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the token's file cannot be read")
	})
	t.Run("slow", func(t *testing.T) {
		o := call("Slow")
		probetest.WantResult(t, probetest.Until(t, &Kind, &o, 200*time.Millisecond, "while waiting for the answer"), checks.Fail, checks.ReasonTimeout, "while waiting for the answer")
	})
}

// grpcPython is a server on gRPC's C core.
const grpcPython = `
import sys, threading
from concurrent import futures
import grpc

states = {b"": b"\x08\x01", b"\x0a\x04good": b"\x08\x01", b"\x0a\x03bad": b"\x08\x02", b"\x0a\x03odd": b"", b"\x0a\x04gone": b"\x08\x03", b"\x0a\x07garbage": b"\xff"}

def health(request, context):
    if request not in states:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return states[request]

def unavailable(request, context):
    context.abort(grpc.StatusCode.UNAVAILABLE, '100 % of the k\u00f6chers, "gone"')

def crash(request, context):
    raise ValueError("on purpose")

def who(request, context):
    asked = dict(context.invocation_metadata()).get("x-who")
    if asked is None:
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "who are you")
    context.send_initial_metadata((("x-said", asked),))
    context.set_trailing_metadata((("x-after", "done"),))
    return b""

def bearer(request, context):
    said = dict(context.invocation_metadata()).get("authorization")
    if said != "Bearer tangerine-grpc":
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "not " + str(said))
    return b""

def host(request, context):
    context.abort(grpc.StatusCode.ABORTED, context._rpc_event.call_details.host.decode())

def slow(request, context):
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait(30)
    return b""

def squeezed(request, context):
    context.set_compression(grpc.Compression.Gzip)
    return b"x" * 1000

unary = grpc.unary_unary_rpc_method_handler
server = grpc.server(futures.ThreadPoolExecutor(4))
server.add_generic_rpc_handlers((
    grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": unary(health)}),
    grpc.method_handlers_generic_handler("test.Odd", {
        "Unavailable": unary(unavailable), "Crash": unary(crash), "Who": unary(who), "Bearer": unary(bearer), "Host": unary(host), "Slow": unary(slow),
        "Long": unary(lambda r, c: b"x" * 65537), "Full": unary(lambda r, c: b"x" * 65536), "Squeezed": unary(squeezed),
        "Two": grpc.unary_stream_rpc_method_handler(lambda r, c: iter([b"a", b"b"])),
    }),
    grpc.method_handlers_generic_handler("etcdserverpb.KV", {"Range": unary(lambda r, c: b"\x0a\x01\xff"), "Tree": unary(lambda r, c: b"\x0a\x00" * 20000)}),
))
assert server.add_insecure_port(sys.argv[1])
server.start()
server.wait_for_termination()
`

// framing answers a connection of HTTP/2 by frames.
func framing(t *testing.T, answer func(f *http2.Framer, c *net.TCPConn)) (address string) {
	return probetest.Serve(t, func(c *net.TCPConn) {
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil || string(preface) != http2.ClientPreface {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		for { // until the call is there
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if data, ok := frame.(*http2.DataFrame); ok && data.StreamEnded() {
				break
			}
		}
		answer(f, c)
	})
}

// These are HPACK's literals for the begin of an answer, and its end.
var (
	begins = []byte("\x88\x00\x0ccontent-type\x10application/grpc")
	ends   = []byte("\x00\x0bgrpc-status\x010")
)

func TestGRPCStrangers(t *testing.T) {
	t.Parallel()
	begin := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: begins, EndHeaders: true})
	}
	end := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: ends, EndHeaders: true, EndStream: true})
	}
	say := func(text string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			probetest.UntilClosed(c)
		})
	}
	message := func(data string) string {
		return framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, false, []byte(data))
			end(f)
			probetest.UntilClosed(c)
		})
	}
	forever := func(write func(f *http2.Framer) error) string {
		return framing(t, func(f *http2.Framer, c *net.TCPConn) {
			for write(f) == nil {
			}
		})
	}
	const long, short = time.Minute, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        checks.Reason
		summary       string
	}{
		{"http", say("HTTP/1.1 400 Bad Request\r\n\r\n"), long, checks.ReasonProtocol, `the server does not speak HTTP/2, it says "HTTP/1.1 400 Bad Request\r\n\r\n"`},
		{"ssh", say("SSH-2.0-OpenSSH_9.2\r\n"), long, checks.ReasonProtocol, "the server does not speak HTTP/2, it says"},
		{"TLS", probetest.Serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x0a")
		}), long, checks.ReasonProtocol, "the server wants TLS"},
		{"silent", probetest.Serve(t, probetest.UntilClosed), short, checks.ReasonTimeout, "while waiting for the answer"},
		{"closes", probetest.Serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 24)) }), long, checks.ReasonReset, "while"},
		{"settings and no more", framing(t, func(_ *http2.Framer, c *net.TCPConn) { probetest.UntilClosed(c) }), short, checks.ReasonTimeout, "while waiting for the answer"},
		{"closes before it answers", framing(t, func(_ *http2.Framer, c *net.TCPConn) { probetest.HangUp(c) }), long, checks.ReasonReset, "the peer closed the connection while waiting for the answer"},
		{"resets the call", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteRSTStream(1, http2.ErrCodeRefusedStream)
			probetest.UntilClosed(c)
		}), long, checks.ReasonReset, "the server reset the call: REFUSED_STREAM while waiting"},
		{"goes away", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too many"))
			probetest.HangUp(c)
		}), long, checks.ReasonReset, "the server closed the connection: ENHANCE_YOUR_CALM"},
		{"goes away in peace", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
			probetest.UntilClosed(c)
		}), long, checks.ReasonReset, "the server closed the connection: NO_ERROR"},
		{"goes away in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteGoAway(1, http2.ErrCodeInternal, nil)
			probetest.HangUp(c)
		}), long, checks.ReasonReset, "the server closed the connection: INTERNAL_ERROR"},
		{"closes in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) { begin(f); probetest.HangUp(c) }), long, checks.ReasonReset, "the peer closed the connection while reading the answer"},
		{"resets in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteRSTStream(1, http2.ErrCodeInternal)
			probetest.UntilClosed(c)
		}), long, checks.ReasonReset, "the server reset the call: INTERNAL_ERROR while reading"},
		{"stops in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, false, []byte("\x00\x00\x00"))
			probetest.UntilClosed(c)
		}), short, checks.ReasonTimeout, "while reading the answer"},
		{"a good message", message("\x00\x00\x00\x00\x02\x08\x02"), long, checks.ReasonStatus, "NOT_SERVING"},
		{"no message", message(""), long, checks.ReasonProtocol, errNoMessage.Error()},
		{"a message cut short", message("\x00\x00\x00\x00\x09\x08\x01"), long, checks.ReasonProtocol, errCutMessage.Error()},
		{"half a prefix", message("\x00\x00"), long, checks.ReasonProtocol, errCutMessage.Error()},
		{"two messages", message("\x00\x00\x00\x00\x00\x00"), long, checks.ReasonProtocol, errTwoMessages.Error()},
		{"a message of 4 GB", message("\x00\xff\xff\xff\xff\x00"), long, checks.ReasonProtocol, errLongMessage.Error()},
		{"unasked for", message("\x01\x00\x00\x00\x00"), long, checks.ReasonProtocol, errCompressed.Error()},
		{"a prefix that is none", message("{\"status\": 1}"), long, checks.ReasonProtocol, errNotFramed.Error()},
		{"no status", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, true, []byte("\x00\x00\x00\x00\x02\x08\x01"))
			probetest.UntilClosed(c)
		}), long, checks.ReasonProtocol, errNoStatus.Error()},
		{"data before the header", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteData(1, false, []byte("abc"))
			probetest.UntilClosed(c)
		}), long, checks.ReasonProtocol, errBrokenHTTP2.Error()},
		{"header that is none", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
			probetest.UntilClosed(c)
		}), long, checks.ReasonProtocol, errBrokenHTTP2.Error()},
		{"endless pings", forever(func(f *http2.Framer) error { return f.WritePing(true, [8]byte{1}) }), long, checks.ReasonProtocol, probe.ErrTooMuch.Error()},
		{"endless settings", forever(func(f *http2.Framer) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 16 << 10})
		}), long, checks.ReasonProtocol, ""},
		{"endless header", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: begins})
			for f.WriteContinuation(1, false, bytes.Repeat([]byte("\x00\x01a\x01b"), 3000)) == nil {
			}
		}), long, checks.ReasonProtocol, ""},
		{"endless message", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			for piece := append([]byte("\x00\x00\x00\x00\x00"), make([]byte, 1000)...); f.WriteData(1, false, piece) == nil; {
			}
		}), long, checks.ReasonProtocol, errTwoMessages.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := probetest.Until(t, &Kind, &Options{Address: tt.address}, tt.timeout, tt.summary)
			probetest.WantResult(t, r, checks.Fail, tt.reason, tt.summary)
			if r.Evidence == nil || r.Evidence.Remote != tt.address {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
}

func TestGRPCOfWebServers(t *testing.T) {
	plain := httptest.NewTLSServer(http.NotFoundHandler())
	defer plain.Close()
	two := httptest.NewUnstartedServer(http.NotFoundHandler())
	two.EnableHTTP2 = true
	two.StartTLS()
	defer two.Close()
	odd := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }))
	odd.EnableHTTP2 = true
	odd.StartTLS()
	defer odd.Close()
	silent := httptest.NewUnstartedServer(nil) // agrees to no protocol at all
	silent.TLS = &tls.Config{NextProtos: nil}
	silent.StartTLS()
	silent.TLS.NextProtos = nil
	defer silent.Close()
	options := func(s *httptest.Server) *Options {
		return &Options{Address: s.Listener.Addr().String(), SecureOptions: probe.SecureOptions{TLS: true, InsecureTLS: true}}
	}
	for _, s := range []*httptest.Server{plain, two, odd, silent} {
		s.Config.ErrorLog = nil
	}
	if r := probetest.Probing(t, &Kind, options(plain), 5*time.Second); r.Outcome != checks.Fail || r.Reason != checks.ReasonTLS && r.Reason != checks.ReasonProtocol {
		t.Errorf("got %+v", r)
	}
	probetest.WantResult(t, probetest.Probing(t, &Kind, options(two), 5*time.Second), checks.Fail, checks.ReasonStatus, "HTTP 404, not an answer of gRPC")
	r := probetest.Probing(t, &Kind, options(odd), 5*time.Second)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonProtocol, errNotGRPC.Error())
	if r.Evidence == nil || r.Evidence.Output != "<html>" || r.Evidence.Status != http.StatusOK {
		t.Errorf("evidence: %+v", r.Evidence)
	}
}

// A kept connection that the server has closed is no failure: the call is made
// on a new one.
func TestGRPCKeptConnectionGone(t *testing.T) {
	var calls atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Trailer", "Grpc-Status")
		_, _ = w.Write([]byte("\x00\x00\x00\x00\x02\x08\x01"))
		w.Header().Set("Grpc-Status", "0")
	})
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	defer s.Close()
	c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: 5 * time.Second, Options: &Options{Address: s.Listener.Addr().String(), Reuse: true}})
	probetest.OK(t, err)
	run := func() checks.Result {
		r, _ := c.Run(context.Background())
		return r
	}
	probetest.WantResult(t, run(), checks.Pass, "", "SERVING")
	probetest.WantResult(t, run(), checks.Pass, "", "SERVING on a kept connection")
	s.CloseClientConnections()
	r := run()
	probetest.WantResult(t, r, checks.Pass, "", "SERVING")
	if strings.Contains(r.Summary, "kept") || r.Phases.Connect <= 0 || calls.Load() != 3 {
		t.Errorf("got %+v after %d calls", r, calls.Load())
	}
}

func TestGRPCOptions(t *testing.T) {
	const address = "orders.example.com:443"
	dir := t.TempDir()
	descriptor := etcdDescriptor(t, dir)
	none, text := filepath.Join(dir, "none"), filepath.Join(dir, "text")
	probetest.OK(t, os.WriteFile(text, []byte("syntax = \"proto3\";"), 0o600))
	lacking, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{Name: new("a.proto"), Dependency: []string{"b.proto"}}}})
	probetest.OK(t, err)
	lacks := filepath.Join(dir, "lacks")
	probetest.OK(t, os.WriteFile(lacks, lacking, 0o600))
	for _, tt := range []struct {
		key     string
		options Options
	}{
		{"address", Options{Address: "orders"}},
		{"metadata.x-a", Options{Address: address, Metadata: map[string]string{"X-A": "1", "x-a": "2"}}},
		{"authority", Options{Address: address, Authority: "a b"}},
		{"authority", Options{Address: address, Authority: "h:99999"}},
		{"authority", Options{Address: address, Authority: "256.0.0.1"}},
		{"service", Options{Address: address, Service: "a", Method: "a/B"}},
		{"request", Options{Address: address, Request: "{}"}},
		{"descriptor_file", Options{Address: address, DescriptorFile: descriptor}},
		{"method", Options{Address: address, Method: "Get"}},
		{"method", Options{Address: address, Method: "a.B/C/D"}},
		{"method", Options{Address: address, Method: "a.B/Get", DescriptorFile: descriptor}},
		{"method", Options{Address: address, Method: "etcdserverpb.KV/Get", DescriptorFile: descriptor}},
		{"method", Options{Address: address, Method: "etcdserverpb.RangeRequest/Get", DescriptorFile: descriptor}},
		{"method", Options{Address: address, Method: "etcdserverpb.KV/Watch", DescriptorFile: descriptor}},
		{"descriptor_file", Options{Address: address, Method: "a.B/Get", DescriptorFile: none}},
		{"descriptor_file", Options{Address: address, Method: "a.B/Get", DescriptorFile: text}},
		{"descriptor_file", Options{Address: address, Method: "a.B/Get", DescriptorFile: lacks}},
		{"descriptor_file", Options{Address: address, Method: "a.B/Get", Request: "{}"}},
		{"descriptor_file", Options{Address: address, Method: "a.B/Get", Options: claim.Options{Expect: []string{"json.a == 1.0"}}}},
		{"request", Options{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"kee": "Zm9v"}`}},
		{"request", Options{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"key": 12}`}},
		{"metadata.Grpc-Timeout", Options{Address: address, Metadata: map[string]string{"Grpc-Timeout": "1S"}}},
		{"metadata.a b", Options{Address: address, Metadata: map[string]string{"a b": "1"}}},
		{"metadata.a", Options{Address: address, Metadata: map[string]string{"a": "1\n"}}},
		{"metadata.Host", Options{Address: address, Metadata: map[string]string{"Host": "a"}}},
		{"bearer_token", Options{Address: address, BearerToken: "a", Metadata: map[string]string{"Authorization": "b"}}},
		{"bearer_token", Options{Address: address, BearerToken: "a\nb"}},
		{"bearer_token_file", Options{Address: address, BearerTokenFile: none}},
		{"status[1]", Options{Address: address, Status: []any{"OK", "FINE"}}},
		{"status[0]", Options{Address: address, Status: []any{17}}},
		{"ca_file", Options{Address: address, SecureOptions: probe.SecureOptions{CAFile: none}}},
		{"server_name", Options{Address: address, SecureOptions: probe.SecureOptions{ProofOptions: probe.ProofOptions{ServerName: "a"}}}},
		{"client_cert_file", Options{Address: address, SecureOptions: probe.SecureOptions{ProofOptions: probe.ProofOptions{ClientCertFile: none}}}},
		{"client_cert_file", Options{Address: address, SecureOptions: probe.SecureOptions{TLS: true, ProofOptions: probe.ProofOptions{ClientCertFile: none}}}},
		{"client_cert_file", Options{Address: address, SecureOptions: probe.SecureOptions{TLS: true, ProofOptions: probe.ProofOptions{ClientKeyFile: none}}}},
		{"client_cert_file", Options{Address: address, SecureOptions: probe.SecureOptions{TLS: true, ProofOptions: probe.ProofOptions{ClientCertFile: none, ClientKeyFile: none}}}},
		{"expect", Options{Address: address, Options: claim.Options{Expect: []string{"status == 1"}}}},
		{"fail_over", Options{Address: address, LimitOptions: probe.LimitOptions{FailOver: time.Minute}}},
	} {
		probetest.WantOptionError(t, &Kind, &tt.options, tt.key)
	}
	for _, o := range []Options{
		{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor},
		{Address: address, SecureOptions: probe.SecureOptions{TLS: true, ProofOptions: probe.ProofOptions{ClientCertFile: none, ClientKeyFile: none}}},
		{Address: address, BearerTokenFile: descriptor},
	} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Second, Timeout: time.Second, Options: &o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), probe.ErrStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
	// What a request holds under a secret's name is one.
	_, err = probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "grpc", Every: time.Second, Timeout: time.Second, Options: &Options{
		Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"password": "` + secret + `", "key": 12}`,
	}})
	if wrong, ok := errors.AsType[*probe.OptionError](err); !ok || strings.Contains(wrong.Error(), secret) {
		t.Errorf("got %v", err)
	}
	if secrets := redact.Of(&Options{Request: `{"password": "` + secret + `"}`, Metadata: map[string]string{"x-api-key": "abcdef"}}); len(secrets) < 2 {
		t.Errorf("secrets: %q", secrets)
	}
}

func FuzzGRPC(f *testing.F) {
	for _, seed := range []string{"\x00\x00\x00\x00\x02\x08\x01", "\x00\x00\x00\x00\x00", "\x01\x00\x00\x00\x00", "\x00\x00\x00\x00\x05\x08\x01", "", "\x00\x00\x00\x00\x04\x0a\x00\x08\x02"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		message, there, err := readFramed(bytes.NewReader(data), "gzip")
		if err != nil {
			if message != nil || there {
				t.Errorf("a message beside %v", err)
			}
			return
		}
		if there && data[0] == 0 && !bytes.Equal(framed(message), data) {
			t.Errorf("%x is read from %x", message, data)
		}
		if state, ok := readHealth(message); ok == (state == "") {
			t.Errorf("%q, %v from %x", state, ok, message)
		}
	})
}

func FuzzGRPCStatus(f *testing.F) {
	f.Add("5", "no%20such%zz")
	f.Add("-1", "")
	f.Fuzz(func(t *testing.T, code, message string) {
		if n, text, ok := readStatus(code, message); n < 0 || !ok && text != "" || codeOf(n) == "" {
			t.Errorf("%d %q %v", n, text, ok)
		}
	})
}
