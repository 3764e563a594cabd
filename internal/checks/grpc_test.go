//go:build linux

package checks

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
)

const grpcSecret = "tangerine-grpc"

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
	check(t, err)
	file = filepath.Join(dir, "etcd.binpb")
	check(t, os.WriteFile(file, set, 0o600))
	return file
}

// startEtcd starts etcd, which serves grpc.health.v1 and etcdserverpb.KV with
// gRPC for Go.
func startEtcd(t *testing.T, args ...string) (address string, stop func()) {
	t.Helper()
	program := needProgram(t, "etcd-server", "/usr/bin/etcd")
	scheme := "http"
	if len(args) > 0 {
		scheme = "https"
	}
	dir := humbleDir(t)
	address = "127.0.0.1:" + freePort(t)
	peer := "http://127.0.0.1:" + freePort(t)
	etcd, _ := startDatabase(t, dir, syscall.SIGKILL, program, append([]string{
		"--name", "one", "--data-dir", filepath.Join(dir, "data"), "--listen-client-urls", scheme + "://" + address, "--advertise-client-urls", scheme + "://" + address,
		"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "one=" + peer, "--unsafe-no-fsync", "--log-level", "error", "--logger", "zap",
	}, args...)...)
	return address, func() {
		check(t, etcd.Process.Signal(syscall.SIGKILL))
		_ = etcd.Wait()
	}
}

func TestGRPC(t *testing.T) {
	dir := humbleDir(t)
	ca, cert, key := authority(t, dir, "good")
	otherCA, otherCert, otherKey := authority(t, t.TempDir(), "other")
	descriptor := etcdDescriptor(t, t.TempDir())
	address, stop := startEtcd(t)
	securedAt, _ := startEtcd(t, "--cert-file", cert, "--key-file", key, "--client-cert-auth", "--trusted-ca-file", ca)
	good := GRPCOptions{Address: address}
	secured := GRPCOptions{Address: securedAt, CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true, CAFile: ca}, ClientCertFile: cert, ClientKeyFile: key}}
	untilPass(t, "grpc", &good)
	untilPass(t, "grpc", &secured)
	put := GRPCOptions{Address: address, Method: "etcdserverpb.KV/Put", DescriptorFile: descriptor, Request: `{"key": "Zm9v", "value": "YmFy"}`}
	get := put
	get.Method, get.Request = "/etcdserverpb.KV/Range", `{"key": "Zm9v"}`
	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		from    GRPCOptions
		change  func(*GRPCOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"health", good, func(*GRPCOptions) {}, Pass, "", "SERVING"},
		{"health by claims", good, func(o *GRPCOptions) {
			o.Expect = []string{"health == 'SERVING' && code == 'OK' && message == '' && size == 2 && !reused && latency < duration('5s') && headers['content-type'] == 'application/grpc'"}
		}, Pass, "", "SERVING"},
		{"other service", good, func(o *GRPCOptions) { o.Service = "shop.v1.Orders" }, Fail, ReasonStatus, `the server does not know the service "shop.v1.Orders": NOT_FOUND (5)`},
		{"other service as expected", good, func(o *GRPCOptions) { o.Service, o.Status = "shop.v1.Orders", []any{"not_found", 0} }, Pass, "", "NOT_FOUND"},
		{"TLS", secured, func(*GRPCOptions) {}, Pass, "", "SERVING"},
		{"any certificate", secured, func(o *GRPCOptions) { o.CAFile, o.InsecureTLS = "", true }, Pass, "", "SERVING"},
		{"wrong authority", secured, func(o *GRPCOptions) { o.CAFile = otherCA }, Fail, ReasonTLS, "unknown authority"},
		{"wrong name", secured, func(o *GRPCOptions) { o.ServerName = "orders.example.com" }, Fail, ReasonTLS, `not "orders.example.com"`},
		{"right name", secured, func(o *GRPCOptions) { o.ServerName = "localhost" }, Pass, "", "SERVING"},
		{"TLS to plain", good, func(o *GRPCOptions) { o.TLS = true }, Fail, "", "while negotiating TLS"},
		{"plain to TLS", secured, func(o *GRPCOptions) { o.CallerOptions = CallerOptions{} }, Fail, "", ""},
		{"put", put, func(*GRPCOptions) {}, Pass, "", "OK"},
		{"get", get, func(o *GRPCOptions) {
			o.Expect = []string{"json.kvs.size() == 1 && json.kvs[0].value == 'YmFy' && int(json.count) == 1 && int(json.header.revision) > 1"}
		}, Pass, "", "OK"},
		{"get nothing", get, func(o *GRPCOptions) {
			o.Request, o.FailIf = `{"key": "bm9wZQ=="}`, []string{"int(json.count) > 0"}
		}, Pass, "", "OK"},
		{"false claim", get, func(o *GRPCOptions) { o.Expect = []string{"int(json.count) > 1"} }, Fail, ReasonAssertion, "int(json.count) > 1 is false: int(json.count) is 1"},
		{"degraded claim", get, func(o *GRPCOptions) { o.DegradedIf = []string{"size > 1"} }, Degraded, ReasonAssertion, "is true"},
		{"bad argument", get, func(o *GRPCOptions) { o.Request = "" }, Fail, ReasonStatus, `INVALID_ARGUMENT (3) "etcdserver: key is not provided", expected OK`},
		{"no such method", get, func(o *GRPCOptions) { o.Method = "etcdserverpb.KV/Missing" }, Fail, ReasonStatus, "UNIMPLEMENTED (12)"},
		{"no such service, without descriptors", good, func(o *GRPCOptions) { o.Method = "shop.v1.Orders/Ping" }, Fail, ReasonStatus, "UNIMPLEMENTED (12)"},
		{"bearer token", get, func(o *GRPCOptions) { o.BearerToken = grpcSecret }, Fail, ReasonStatus, `UNAUTHENTICATED (16) "etcdserver: invalid auth token", expected OK`},
		{"slow", good, func(o *GRPCOptions) { o.DegradedOver = 1 }, Degraded, ReasonLatency, "SERVING after"},
		{"too slow", good, func(o *GRPCOptions) { o.FailOver = 1 }, Fail, ReasonLatency, "limit"},
		{"name that is none", good, func(o *GRPCOptions) { o.Address = "nowhere.invalid:443" }, Fail, ReasonDNS, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probing(t, "grpc", &o, long)
			if tt.reason == "" && tt.outcome != Pass { // how a server of TLS ends what is none is its own affair
				tt.reason = r.Reason
			}
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, grpcSecret)
			if r.Outcome != Pass && r.Reason != ReasonDNS && (r.Evidence == nil || r.Evidence.Remote != o.Address) {
				t.Errorf("evidence: %+v", r.Evidence)
			}
		})
	}
	t.Run("client certificate", func(t *testing.T) {
		o := secured
		o.ClientCertFile, o.ClientKeyFile = otherCert, otherKey
		if r := probing(t, "grpc", &o, long); r.Outcome != Fail || r.Reason != ReasonTLS && r.Reason != ReasonReset { // a reset may overtake the alert
			t.Errorf("got %+v", r)
		}
		// One that can be read when the check is compiled, and not later.
		copies := t.TempDir()
		for name, from := range map[string]string{"c.pem": cert, "k.pem": key} {
			b, err := os.ReadFile(from)
			check(t, err)
			check(t, os.WriteFile(filepath.Join(copies, name), b, 0o600))
		}
		o.ClientCertFile, o.ClientKeyFile, o.Dir = "c.pem", "k.pem", copies
		c, err := Compile(Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		check(t, err)
		check(t, os.Remove(filepath.Join(copies, "k.pem")))
		r, _ := c.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the client certificate cannot be read")
	})
	t.Run("phases", func(t *testing.T) {
		if r := probing(t, "grpc", &secured, long); r.Phases.Connect <= 0 || r.Phases.TLS <= 0 || r.Phases.FirstByte <= 0 || r.Phases.Transfer <= 0 {
			t.Errorf("phases: %+v", r.Phases)
		}
	})
	t.Run("kept connection", func(t *testing.T) {
		o := secured
		o.Reuse, o.Expect = true, []string{"health == 'SERVING'"}
		c, err := Compile(Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		check(t, err)
		first, _ := c.Run(t.Context())
		wantResult(t, first, Pass, "", "SERVING")
		for range 3 {
			again, _ := c.Run(t.Context())
			wantResult(t, again, Pass, "", "SERVING on a kept connection")
			if again.Phases.Connect != 0 || again.Phases.TLS != 0 || again.Phases.FirstByte <= 0 {
				t.Errorf("phases: %+v", again.Phases)
			}
		}
	})
	t.Run("stalled", func(t *testing.T) {
		over := secured
		over.Address = stalling(t, securedAt)
		wantResult(t, probing(t, "grpc", &over, 300*time.Millisecond), Fail, ReasonTimeout, "time-out after 300 ms while negotiating TLS")
		o := good
		o.Address = stalling(t, address)
		wantResult(t, probing(t, "grpc", &o, 300*time.Millisecond), Fail, ReasonTimeout, "while waiting for the answer")
	})
	t.Run("through nginx", func(t *testing.T) {
		testGRPCThroughNginx(t, address, cert, key, ca, stop)
	})
	t.Run("stopped", func(t *testing.T) {
		wantResult(t, probing(t, "grpc", &good, long), Fail, ReasonConnect, "connection refused")
	})
}

// testGRPCThroughNginx asks etcd by way of a proxy, and stops it.
func testGRPCThroughNginx(t *testing.T, address, cert, key, ca string, stop func()) {
	nginx := needProgram(t, "nginx-light", "/usr/sbin/nginx")
	port := unusedPorts(t, 1)[0]
	conf := filepath.Join(t.TempDir(), "nginx.conf")
	check(t, os.WriteFile(conf, []byte(fmt.Sprintf(`daemon off; master_process off; pid %[1]q; error_log stderr; user root;
events {}
http {
  access_log off;
  client_body_temp_path %[2]q; proxy_temp_path %[2]q; fastcgi_temp_path %[2]q; uwsgi_temp_path %[2]q; scgi_temp_path %[2]q;
  server { listen 127.0.0.1:%[3]d ssl http2; ssl_certificate %[4]q; ssl_certificate_key %[5]q; location / { grpc_pass grpc://%[6]s; } }
}`, filepath.Join(t.TempDir(), "pid"), t.TempDir(), port, cert, key, address)), 0o600))
	startListening(t, port, nginx, "-c", conf)
	o := GRPCOptions{Address: local(port), CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true, CAFile: ca}}}
	wantResult(t, probing(t, "grpc", &o, 5*time.Second), Pass, "", "SERVING")
	stop()
	r := probing(t, "grpc", &o, 5*time.Second)
	wantResult(t, r, Fail, ReasonStatus, "502")
	if r.Evidence == nil || r.Evidence.Status == 0 {
		t.Errorf("evidence: %+v", r.Evidence)
	}
}

// stalling is a proxy that passes on what is asked, and none of the answer.
func stalling(t *testing.T, to string) (address string) {
	return serve(t, func(c *net.TCPConn) {
		onward, err := net.Dial("tcp", to)
		if err != nil {
			return
		}
		defer onward.Close()
		_, _ = io.Copy(onward, c)
	})
}

// Another implementation of gRPC than etcd's, and what etcd does not say.
func TestGRPCOfPython(t *testing.T) {
	python := needProgram(t, "python3-grpcio", "/usr/bin/python3")
	needPackage(t, "/usr/lib/python3/dist-packages/grpc/__init__.py", "python3-grpcio")
	port := unusedPorts(t, 1)[0]
	script := filepath.Join(t.TempDir(), "server.py")
	check(t, os.WriteFile(script, []byte(grpcPython), 0o600))
	startListening(t, port, python, "-u", script, local(port))
	health := GRPCOptions{Address: local(port)}
	call := func(method string) GRPCOptions {
		return GRPCOptions{Address: local(port), Method: "test.Odd/" + method}
	}
	untilPass(t, "grpc", &health)
	descriptor := etcdDescriptor(t, t.TempDir())
	const long = 5 * time.Second
	for _, tt := range []struct {
		name    string
		from    GRPCOptions
		change  func(*GRPCOptions)
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"serving", health, func(o *GRPCOptions) { o.Service = "good" }, Pass, "", "SERVING"},
		{"not serving", health, func(o *GRPCOptions) { o.Service = "bad" }, Fail, ReasonStatus, "the server says that bad is NOT_SERVING"},
		{"unknown", health, func(o *GRPCOptions) { o.Service = "odd" }, Fail, ReasonStatus, "the server says that odd is UNKNOWN"},
		{"service unknown", health, func(o *GRPCOptions) { o.Service = "gone" }, Fail, ReasonStatus, "the server says that gone is SERVICE_UNKNOWN"},
		{"not found", health, func(o *GRPCOptions) { o.Service = "other" }, Fail, ReasonStatus, `the server does not know the service "other"`},
		{"not a health", health, func(o *GRPCOptions) { o.Service = "garbage" }, Fail, ReasonProtocol, "the answer is not one of grpc.health.v1"},
		{"unavailable, in words beyond ASCII", call("Unavailable"), func(*GRPCOptions) {}, Fail, ReasonStatus, `UNAVAILABLE (14) "100 % of the köchers, \"gone\"", expected OK`},
		{"crashes", call("Crash"), func(*GRPCOptions) {}, Fail, ReasonStatus, "UNKNOWN (2)"},
		{"no such method", call("Nothing"), func(*GRPCOptions) {}, Fail, ReasonStatus, "UNIMPLEMENTED (12)"},
		{"metadata", call("Who"), func(o *GRPCOptions) { o.Metadata = map[string]string{"X-Who": "probe"} }, Pass, "", "OK"},
		{"metadata of the answer", call("Who"), func(o *GRPCOptions) {
			o.Metadata, o.Expect = map[string]string{"x-who": "probe"}, []string{"headers['x-said'] == 'probe' && headers['x-after'] == 'done'"}
		}, Pass, "", "OK"},
		{"no metadata", call("Who"), func(*GRPCOptions) {}, Fail, ReasonStatus, "UNAUTHENTICATED (16)"},
		{"bearer token", call("Bearer"), func(o *GRPCOptions) { o.BearerToken = grpcSecret }, Pass, "", "OK"},
		{"a wrong bearer token, which is repeated", call("Bearer"), func(o *GRPCOptions) { o.BearerToken = grpcSecret + "-old" }, Fail, ReasonStatus, "PERMISSION_DENIED (7)"},
		{"an authority", call("Host"), func(o *GRPCOptions) { o.Authority = "orders.example.com" }, Fail, ReasonStatus, `ABORTED (10) "orders.example.com"`},
		{"a long message", call("Long"), func(*GRPCOptions) {}, Unknown, ReasonInternal, errLongMessage.Error()},
		{"a message of 64 KiB", call("Full"), func(o *GRPCOptions) { o.Expect = []string{"size == 65536"} }, Pass, "", "OK"},
		{"two messages", call("Two"), func(*GRPCOptions) {}, Fail, ReasonProtocol, errTwoMessages.Error()},
		{"compressed answers", call("Squeezed"), func(o *GRPCOptions) { o.Expect = []string{"size == 1000"} }, Pass, "", "OK"},
		{"another type", call("Who"), func(o *GRPCOptions) { o.Method, o.DescriptorFile = "etcdserverpb.KV/Range", descriptor }, Fail, ReasonProtocol, errNotMessage.Error()},
		{"a tree that is wide", call("Tree"), func(o *GRPCOptions) { o.Method, o.DescriptorFile = "etcdserverpb.KV/Tree", descriptor }, Unknown, ReasonInternal, errManyFields.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := tt.from
			tt.change(&o)
			r := probing(t, "grpc", &o, long)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			noSecret(t, r, grpcSecret)
		})
	}
	t.Run("token from a file", func(t *testing.T) {
		o := call("Bearer")
		o.BearerTokenFile = filepath.Join(t.TempDir(), "token")
		check(t, os.WriteFile(o.BearerTokenFile, []byte(grpcSecret+"-old\n"), 0o600))
		c, err := Compile(Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: long, Options: &o})
		check(t, err)
		r, _ := c.Run(t.Context())
		wantResult(t, r, Fail, ReasonStatus, "PERMISSION_DENIED")
		noSecret(t, r, grpcSecret)
		check(t, os.WriteFile(o.BearerTokenFile, []byte(grpcSecret+"\n"), 0o600))
		r, _ = c.Run(t.Context())
		wantResult(t, r, Pass, "", "OK")
		check(t, os.Remove(o.BearerTokenFile))
		r, _ = c.Run(t.Context())
		wantResult(t, r, Unknown, ReasonInternal, "the token's file cannot be read")
	})
	t.Run("slow", func(t *testing.T) {
		o := call("Slow")
		wantResult(t, probing(t, "grpc", &o, 200*time.Millisecond), Fail, ReasonTimeout, "time-out after 200 ms while waiting for the answer")
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
	return serve(t, func(c *net.TCPConn) {
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

// hangUp ends what a server says, without throwing away what is on its way.
func hangUp(c *net.TCPConn) {
	_ = c.CloseWrite()
	untilClosed(c)
}

// These are HPACK's literals for the begin of an answer, and its end.
var (
	grpcBegins = []byte("\x88\x00\x0ccontent-type\x10application/grpc")
	grpcEnds   = []byte("\x00\x0bgrpc-status\x010")
)

func TestGRPCStrangers(t *testing.T) {
	begin := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: grpcBegins, EndHeaders: true})
	}
	end := func(f *http2.Framer) {
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: grpcEnds, EndHeaders: true, EndStream: true})
	}
	say := func(text string) string {
		return serve(t, func(c *net.TCPConn) {
			io.WriteString(c, text)
			untilClosed(c)
		})
	}
	message := func(data string) string {
		return framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, false, []byte(data))
			end(f)
			untilClosed(c)
		})
	}
	forever := func(write func(f *http2.Framer) error) string {
		return framing(t, func(f *http2.Framer, c *net.TCPConn) {
			for write(f) == nil {
			}
		})
	}
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name, address string
		timeout       time.Duration
		reason        Reason
		summary       string
	}{
		{"http", say("HTTP/1.1 400 Bad Request\r\n\r\n"), long, ReasonProtocol, `the server does not speak HTTP/2, it says "HTTP/1.1 400 Bad Request\r\n\r\n"`},
		{"ssh", say("SSH-2.0-OpenSSH_9.2\r\n"), long, ReasonProtocol, "the server does not speak HTTP/2, it says"},
		{"TLS", serve(t, func(c *net.TCPConn) {
			_, _ = c.Read(make([]byte, 1024))
			io.WriteString(c, "\x15\x03\x01\x00\x02\x02\x0a")
		}), long, ReasonProtocol, "the server wants TLS"},
		{"silent", serve(t, untilClosed), short, ReasonTimeout, "while waiting for the answer"},
		{"closes", serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 24)) }), long, ReasonReset, "while"},
		{"settings and no more", framing(t, func(_ *http2.Framer, c *net.TCPConn) { untilClosed(c) }), short, ReasonTimeout, "while waiting for the answer"},
		{"closes before it answers", framing(t, func(_ *http2.Framer, c *net.TCPConn) { hangUp(c) }), long, ReasonReset, "the peer closed the connection while waiting for the answer"},
		{"resets the call", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteRSTStream(1, http2.ErrCodeRefusedStream)
			untilClosed(c)
		}), long, ReasonReset, "the server reset the call: REFUSED_STREAM while waiting"},
		{"goes away", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too many"))
			hangUp(c)
		}), long, ReasonReset, "the server closed the connection: ENHANCE_YOUR_CALM"},
		{"goes away in peace", framing(t, func(f *http2.Framer, c *net.TCPConn) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil); untilClosed(c) }), long, ReasonReset, "the server closed the connection: NO_ERROR"},
		{"goes away in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteGoAway(1, http2.ErrCodeInternal, nil)
			hangUp(c)
		}), long, ReasonReset, "the server closed the connection: INTERNAL_ERROR"},
		{"closes in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) { begin(f); hangUp(c) }), long, ReasonReset, "the peer closed the connection while reading the answer"},
		{"resets in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteRSTStream(1, http2.ErrCodeInternal)
			untilClosed(c)
		}), long, ReasonReset, "the server reset the call: INTERNAL_ERROR while reading"},
		{"stops in the answer", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, false, []byte("\x00\x00\x00"))
			untilClosed(c)
		}), short, ReasonTimeout, "while reading the answer"},
		{"a good message", message("\x00\x00\x00\x00\x02\x08\x02"), long, ReasonStatus, "NOT_SERVING"},
		{"no message", message(""), long, ReasonProtocol, errNoMessage.Error()},
		{"a message cut short", message("\x00\x00\x00\x00\x09\x08\x01"), long, ReasonProtocol, errCutMessage.Error()},
		{"half a prefix", message("\x00\x00"), long, ReasonProtocol, errCutMessage.Error()},
		{"two messages", message("\x00\x00\x00\x00\x00\x00"), long, ReasonProtocol, errTwoMessages.Error()},
		{"a message of 4 GB", message("\x00\xff\xff\xff\xff\x00"), long, ReasonProtocol, errLongMessage.Error()},
		{"unasked for", message("\x01\x00\x00\x00\x00"), long, ReasonProtocol, errCompressed.Error()},
		{"a prefix that is none", message("{\"status\": 1}"), long, ReasonProtocol, errNotFramed.Error()},
		{"no status", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			_ = f.WriteData(1, true, []byte("\x00\x00\x00\x00\x02\x08\x01"))
			untilClosed(c)
		}), long, ReasonProtocol, errNoStatus.Error()},
		{"data before the header", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteData(1, false, []byte("abc"))
			untilClosed(c)
		}), long, ReasonProtocol, errBrokenHTTP2.Error()},
		{"header that is none", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
			untilClosed(c)
		}), long, ReasonProtocol, errBrokenHTTP2.Error()},
		{"endless pings", forever(func(f *http2.Framer) error { return f.WritePing(true, [8]byte{1}) }), long, ReasonProtocol, errTooMuch.Error()},
		{"endless settings", forever(func(f *http2.Framer) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 16 << 10})
		}), long, ReasonProtocol, ""},
		{"endless header", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: grpcBegins})
			for f.WriteContinuation(1, false, bytes.Repeat([]byte("\x00\x01a\x01b"), 3000)) == nil {
			}
		}), long, ReasonProtocol, ""},
		{"endless message", framing(t, func(f *http2.Framer, c *net.TCPConn) {
			begin(f)
			for piece := append([]byte("\x00\x00\x00\x00\x00"), make([]byte, 1000)...); f.WriteData(1, false, piece) == nil; {
			}
		}), long, ReasonProtocol, errTwoMessages.Error()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "grpc", &GRPCOptions{Address: tt.address}, tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			if r.Evidence == nil || r.Evidence.Remote != tt.address {
				t.Errorf("evidence: %+v", r.Evidence)
			}
			if r.Duration > 2*time.Second {
				t.Errorf("took %v", r.Duration)
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
	options := func(s *httptest.Server) *GRPCOptions {
		return &GRPCOptions{Address: s.Listener.Addr().String(), CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true, InsecureTLS: true}}}
	}
	for _, s := range []*httptest.Server{plain, two, odd, silent} {
		s.Config.ErrorLog = nil
	}
	if r := probing(t, "grpc", options(plain), 5*time.Second); r.Outcome != Fail || r.Reason != ReasonTLS && r.Reason != ReasonProtocol {
		t.Errorf("got %+v", r)
	}
	wantResult(t, probing(t, "grpc", options(two), 5*time.Second), Fail, ReasonStatus, "HTTP 404, not an answer of gRPC")
	r := probing(t, "grpc", options(odd), 5*time.Second)
	wantResult(t, r, Fail, ReasonProtocol, errNotGRPC.Error())
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
	c, err := Compile(Check{ID: "it", Kind: "grpc", Every: time.Minute, Timeout: 5 * time.Second, Options: &GRPCOptions{Address: s.Listener.Addr().String(), Reuse: true}})
	check(t, err)
	run := func() Result {
		r, _ := c.Run(context.Background())
		return r
	}
	wantResult(t, run(), Pass, "", "SERVING")
	wantResult(t, run(), Pass, "", "SERVING on a kept connection")
	s.CloseClientConnections()
	r := run()
	wantResult(t, r, Pass, "", "SERVING")
	if strings.Contains(r.Summary, "kept") || r.Phases.Connect <= 0 || calls.Load() != 3 {
		t.Errorf("got %+v after %d calls", r, calls.Load())
	}
}

func TestGRPCOptions(t *testing.T) {
	const address = "orders.example.com:443"
	dir := t.TempDir()
	descriptor := etcdDescriptor(t, dir)
	none, text := filepath.Join(dir, "none"), filepath.Join(dir, "text")
	check(t, os.WriteFile(text, []byte("syntax = \"proto3\";"), 0o600))
	lacking, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{Name: new("a.proto"), Dependency: []string{"b.proto"}}}})
	check(t, err)
	lacks := filepath.Join(dir, "lacks")
	check(t, os.WriteFile(lacks, lacking, 0o600))
	for _, tt := range []struct {
		key     string
		options GRPCOptions
	}{
		{"address", GRPCOptions{Address: "orders"}},
		{"authority", GRPCOptions{Address: address, Authority: "a b"}},
		{"service", GRPCOptions{Address: address, Service: "a", Method: "a/B"}},
		{"request", GRPCOptions{Address: address, Request: "{}"}},
		{"descriptor_file", GRPCOptions{Address: address, DescriptorFile: descriptor}},
		{"method", GRPCOptions{Address: address, Method: "Get"}},
		{"method", GRPCOptions{Address: address, Method: "a.B/C/D"}},
		{"method", GRPCOptions{Address: address, Method: "a.B/Get", DescriptorFile: descriptor}},
		{"method", GRPCOptions{Address: address, Method: "etcdserverpb.KV/Get", DescriptorFile: descriptor}},
		{"method", GRPCOptions{Address: address, Method: "etcdserverpb.RangeRequest/Get", DescriptorFile: descriptor}},
		{"method", GRPCOptions{Address: address, Method: "etcdserverpb.KV/Watch", DescriptorFile: descriptor}},
		{"descriptor_file", GRPCOptions{Address: address, Method: "a.B/Get", DescriptorFile: none}},
		{"descriptor_file", GRPCOptions{Address: address, Method: "a.B/Get", DescriptorFile: text}},
		{"descriptor_file", GRPCOptions{Address: address, Method: "a.B/Get", DescriptorFile: lacks}},
		{"descriptor_file", GRPCOptions{Address: address, Method: "a.B/Get", Request: "{}"}},
		{"descriptor_file", GRPCOptions{Address: address, Method: "a.B/Get", Expect: []string{"json.a == 1.0"}}},
		{"request", GRPCOptions{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"kee": "Zm9v"}`}},
		{"request", GRPCOptions{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"key": 12}`}},
		{"metadata.Grpc-Timeout", GRPCOptions{Address: address, Metadata: map[string]string{"Grpc-Timeout": "1S"}}},
		{"metadata.a b", GRPCOptions{Address: address, Metadata: map[string]string{"a b": "1"}}},
		{"metadata.a", GRPCOptions{Address: address, Metadata: map[string]string{"a": "1\n"}}},
		{"metadata.Host", GRPCOptions{Address: address, Metadata: map[string]string{"Host": "a"}}},
		{"bearer_token", GRPCOptions{Address: address, BearerToken: "a", Metadata: map[string]string{"Authorization": "b"}}},
		{"bearer_token", GRPCOptions{Address: address, BearerToken: "a\nb"}},
		{"bearer_token_file", GRPCOptions{Address: address, BearerTokenFile: none}},
		{"status[1]", GRPCOptions{Address: address, Status: []any{"OK", "FINE"}}},
		{"status[0]", GRPCOptions{Address: address, Status: []any{17}}},
		{"ca_file", GRPCOptions{Address: address, CallerOptions: CallerOptions{SecureOptions: SecureOptions{CAFile: none}}}},
		{"server_name", GRPCOptions{Address: address, CallerOptions: CallerOptions{ServerName: "a"}}},
		{"client_cert_file", GRPCOptions{Address: address, CallerOptions: CallerOptions{ClientCertFile: none}}},
		{"client_key_file", GRPCOptions{Address: address, CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true}, ClientCertFile: none}}},
		{"client_cert_file", GRPCOptions{Address: address, CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true}, ClientKeyFile: none}}},
		{"client_cert_file", GRPCOptions{Address: address, CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true}, ClientCertFile: none, ClientKeyFile: none}}},
		{"expect", GRPCOptions{Address: address, Expect: []string{"status == 1"}}},
		{"fail_over", GRPCOptions{Address: address, FailOver: time.Minute}},
	} {
		wantOptionError(t, "grpc", &tt.options, tt.key)
	}
	for _, o := range []GRPCOptions{
		{Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor},
		{Address: address, CallerOptions: CallerOptions{SecureOptions: SecureOptions{TLS: true}, ClientCertFile: none, ClientKeyFile: none}},
		{Address: address, BearerTokenFile: descriptor},
	} {
		_, err := Compile(Check{ID: "it", Kind: "grpc", Every: time.Second, Timeout: time.Second, Options: &o, Strict: true})
		if err == nil || !strings.Contains(err.Error(), errStrictFile.Error()) {
			t.Errorf("strict: got %v", err)
		}
	}
	// What a request holds under a secret's name is one.
	_, err = Compile(Check{ID: "it", Kind: "grpc", Every: time.Second, Timeout: time.Second, Options: &GRPCOptions{
		Address: address, Method: "etcdserverpb.KV/Range", DescriptorFile: descriptor, Request: `{"password": "` + grpcSecret + `", "key": 12}`,
	}})
	if wrong, ok := errors.AsType[*OptionError](err); !ok || strings.Contains(wrong.Error(), grpcSecret) {
		t.Errorf("got %v", err)
	}
	if secrets := secretsOf(&GRPCOptions{Request: `{"password": "` + grpcSecret + `"}`, Metadata: map[string]string{"x-api-key": "abcdef"}}); len(secrets) < 2 {
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
		if n, text, ok := readGRPCStatus(code, message); n < 0 || !ok && text != "" || grpcCode(n) == "" {
			t.Errorf("%d %q %v", n, text, ok)
		}
	})
}
