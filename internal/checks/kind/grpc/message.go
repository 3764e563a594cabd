package grpc

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/lazy"
)

const (
	// descriptorMax is how long a descriptor file may be, in bytes: the whole
	// of Google's public interfaces takes 20 MiB, one service some 10 KiB.
	descriptorMax = 4 << 20
	// messageDepth is how deeply messages may lie within each other.
	messageDepth = 100
	// messageFields is how many fields a message may have with all those
	// within it, also the ones that are not set: as JSON they have names, so
	// that two bytes of a message may become hundreds of its text.
	messageFields = 20_000
)

// healthPath is the method that asks for health
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
const healthPath = "/grpc.health.v1.Health/Check"

// healthStates are the values of its answer, each at its number.
var healthStates = []string{"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"}

const serving = "SERVING"

// healthRequest is the message that asks for a service's health.
func healthRequest(service string) []byte {
	if service == "" {
		return nil
	}
	return protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), service)
}

// readHealth reads the answer to it.
func readHealth(b []byte) (state string, ok bool) {
	status := uint64(0)
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return "", false
		}
		b = b[n:]
		if number == 1 && kind == protowire.VarintType {
			status, n = protowire.ConsumeVarint(b)
		} else {
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return "", false
		}
		b = b[n:]
	}
	if status >= uint64(len(healthStates)) {
		return fmt.Sprintf("STATE_%d", status), true
	}
	return healthStates[status], true
}

// framed puts the prefix before a message that gRPC has: not compressed, and
// its length in bytes.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...)
}

var (
	errLongMessage = errors.New("the message is longer than the 64 KiB that a check reads")
	errCompressed  = errors.New("the message is compressed by other means than gzip, which was not asked for")
	errCutMessage  = errors.New("the message is shorter than it says")
	errNotFramed   = errors.New("the message does not begin as gRPC has it")
	errTwoMessages = errors.New("there is more than one message")
)

// readFramed reads the message of an answer to its end, or none. Some servers
// compress though nobody asked, so gzip is unpacked.
func readFramed(r io.Reader, encoding string) (message []byte, there bool, err error) {
	body := &endingReader{from: r}
	var prefix [5]byte
	switch _, err := io.ReadFull(body, prefix[:]); {
	case err == io.EOF: //nolint:errorlint // as ReadFull has it, of nothing read
		return nil, false, nil
	case err != nil:
		return nil, false, body.explain(err)
	}
	n := binary.BigEndian.Uint32(prefix[1:])
	switch {
	case prefix[0] == 1 && encoding != "gzip":
		return nil, false, errCompressed
	case prefix[0] > 1:
		return nil, false, errNotFramed
	case n > probe.ReadMax:
		return nil, false, errLongMessage
	}
	compressed := prefix[0] == 1
	message = make([]byte, n)
	if _, err := io.ReadFull(body, message); err != nil {
		return nil, false, body.explain(err)
	}
	// Reading to the end also takes what comes after the body.
	switch _, err := io.ReadFull(body, prefix[:1]); {
	case err == nil:
		return nil, false, errTwoMessages
	case err != io.EOF: //nolint:errorlint // as ReadFull has it, of nothing read
		return nil, false, err
	}
	if compressed {
		message, err = unpacked(message)
	}
	return message, err == nil, err
}

// unpacked returns a message that was compressed.
func unpacked(b []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, probe.ErrBadGzip
	}
	message, err := io.ReadAll(io.LimitReader(r, probe.ReadMax+1))
	switch {
	case err != nil:
		return nil, probe.ErrBadGzip
	case len(message) > probe.ReadMax:
		return nil, errLongMessage
	}
	return message, nil
}

// endingReader tells a body that ended from one whose connection did.
type endingReader struct {
	from io.Reader
	over bool
}

func (r *endingReader) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	r.over = r.over || err == io.EOF //nolint:errorlint // as a body has it
	return n, err
}

// explain returns the error of a read that came to an end too soon.
func (r *endingReader) explain(err error) error {
	if r.over {
		return errCutMessage
	}
	return err
}

// method is a method of a service, with what its messages are made of.
type method struct {
	path   string                         // "/shop.v1.Orders/Get"
	answer protoreflect.MessageDescriptor // nil for not known
	types  *dynamicpb.Types
}

// splitMethod reads the option method.
func splitMethod(text string) (service, method string, err error) {
	service, method, ok := strings.Cut(strings.TrimPrefix(text, "/"), "/")
	if !ok || !protoreflect.FullName(service).IsValid() || !protoreflect.Name(method).IsValid() {
		return "", "", &probe.OptionError{Key: "method", Problem: "is not a method", Instead: "write package, service and method, such as shop.v1.Orders/Get"}
	}
	return service, method, nil
}

// newMethod finds a method in a descriptor file, and encodes the request.
// Without a file the request is empty, and the answer is not looked into.
func newMethod(c checks.Check, o *Options) (m method, request []byte, err error) {
	service, name, err := splitMethod(o.Method)
	if err != nil {
		return m, nil, err
	}
	m.path = "/" + service + "/" + name
	if o.DescriptorFile == "" {
		if o.Request != "" {
			return m, nil, &probe.OptionError{Key: "descriptor_file", Problem: "is empty", Instead: "write the file that says what the fields of request are"}
		}
		return m, nil, nil
	}
	files, err := readDescriptors(c, o)
	if err != nil {
		return m, nil, err
	}
	found, err := files.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return m, nil, &probe.OptionError{Key: "method", Problem: "is of a service that descriptor_file does not have"}
	}
	var method protoreflect.MethodDescriptor
	if is, ok := found.(protoreflect.ServiceDescriptor); ok {
		method = is.Methods().ByName(protoreflect.Name(name))
	}
	switch {
	case method == nil:
		return m, nil, &probe.OptionError{Key: "method", Problem: "is not one of its service in descriptor_file"}
	case method.IsStreamingClient() || method.IsStreamingServer():
		return m, nil, &probe.OptionError{Key: "method", Problem: "is a stream", Instead: "name one that takes one message and answers with one"}
	}
	m.answer, m.types = method.Output(), dynamicpb.NewTypes(files)
	request, err = m.encode(method.Input(), o.Request)
	return m, request, err
}

func readDescriptors(c checks.Check, o *Options) (*protoregistry.Files, error) {
	const instead = "make it by protoc --include_imports --descriptor_set_out=FILE"
	wrong := func(problem string) error {
		return &probe.OptionError{Key: "descriptor_file", Problem: problem, Instead: instead}
	}
	path, err := probe.Beside(c, o.Dir, o.DescriptorFile)
	if err != nil {
		return nil, &probe.OptionError{Key: "descriptor_file", Problem: err.Error()}
	}
	file, err := probe.OpenFile(path)
	if err != nil {
		return nil, wrong("cannot be read: " + probe.FileProblem(err))
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, descriptorMax+1))
	switch {
	case err != nil:
		return nil, wrong("cannot be read: " + probe.FileProblem(err))
	case len(content) > descriptorMax:
		return nil, wrong("is longer than 4 MiB")
	}
	set := &descriptorpb.FileDescriptorSet{}
	if proto.Unmarshal(content, set) != nil || len(set.GetFile()) == 0 {
		return nil, wrong("is not a set of descriptors")
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, wrong("lacks a file that another one imports, or contradicts itself")
	}
	return files, nil
}

var (
	jsonPlace   = lazy.Compile(`\(line (\d+):(\d+)\)`)
	jsonUnknown = lazy.Compile(`unknown field "([^"]*)"`)
)

// encode makes the message that the option request describes. Its errors do
// not repeat values: one may be a password.
func (m method) encode(of protoreflect.MessageDescriptor, text string) ([]byte, error) {
	message := dynamicpb.NewMessage(of)
	if text != "" {
		if err := (protojson.UnmarshalOptions{Resolver: m.types, RecursionLimit: messageDepth}).Unmarshal([]byte(text), message); err != nil {
			wrong := &probe.OptionError{Key: "request", Problem: "is not a " + string(of.FullName()) + " in JSON", Instead: `write one such as {"id": "probe"}`}
			if at := jsonPlace.FindStringSubmatch(err.Error()); at != nil {
				wrong.Problem += ", see line " + at[1] + ", column " + at[2]
			}
			if field := jsonUnknown.FindStringSubmatch(err.Error()); field != nil {
				wrong.Problem = "has a field " + probe.Quoted(field[1]) + " that " + string(of.FullName()) + " does not have"
				wrong.Instead = ""
			}
			return nil, wrong
		}
	}
	b, err := proto.Marshal(message)
	if err != nil {
		return nil, &probe.OptionError{Key: "request", Problem: "lacks a field that " + string(of.FullName()) + " requires"}
	}
	return b, nil
}

var (
	errNotMessage = errors.New("the message is not of the type that descriptor_file says")
	errManyFields = errors.New("the message has more fields than a check reads, 20,000")
)

// decode returns a message as JSON has it: as text, and taken apart.
func (m method) decode(b []byte) (text string, value any, err error) {
	message := dynamicpb.NewMessage(m.answer)
	if (proto.UnmarshalOptions{Resolver: m.types, RecursionLimit: messageDepth, AllowPartial: true}).Unmarshal(b, message) != nil {
		return "", nil, errNotMessage
	}
	if fieldsLeft(message, messageFields) < 0 {
		return "", nil, errManyFields
	}
	// Fields that are not set are written as well: one may be the 0 that a
	// claim is about.
	whole, err := (protojson.MarshalOptions{Resolver: m.types, EmitUnpopulated: true, AllowPartial: true}).Marshal(message)
	if err != nil {
		return "", nil, errNotMessage // an Any of a type that is not there, or text that is not UTF-8
	}
	var plain bytes.Buffer // protojson has blanks where it likes
	if err := json.Compact(&plain, whole); err != nil {
		return "", nil, errNotMessage // unreachable: it is JSON
	}
	value, _ = probe.JSON(whole)
	return plain.String(), value, nil
}

// fieldsLeft takes the fields of a message, and of those within it, from a
// number; less than 0 says that there are more.
func fieldsLeft(m protoreflect.Message, left int) int {
	left -= 1 + m.Descriptor().Fields().Len()
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsMap():
			within := field.MapValue().Message() != nil
			value.Map().Range(func(_ protoreflect.MapKey, one protoreflect.Value) bool {
				left--
				if within {
					left = fieldsLeft(one.Message(), left)
				}
				return left >= 0
			})
		case field.IsList():
			list := value.List()
			left -= list.Len()
			for i := 0; field.Message() != nil && i < list.Len() && left >= 0; i++ {
				left = fieldsLeft(list.Get(i).Message(), left)
			}
		case field.Message() != nil:
			left = fieldsLeft(value.Message(), left)
		}
		return left >= 0
	})
	return left
}
