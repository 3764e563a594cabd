package probe

import "errors"

// streamReset is how net/http lets others see an error of one stream of
// HTTP/2.
type streamReset struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamReset) Error() string { return "the stream was reset" }

// resetNames are the error codes of HTTP/2, each at its number (RFC 9113, 7).
var resetNames = []string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
	"COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
}

// StreamReset returns the code with which an exchange of HTTP/2 was broken off
// alone, its connection apart, and whether the peer did so; false when it was not.
func StreamReset(err error) (code string, byPeer, reset bool) {
	e, ok := errors.AsType[streamReset](err)
	if !ok {
		return "", false, false
	}
	code = "an unknown code"
	if int(e.Code) < len(resetNames) {
		code = resetNames[e.Code]
	}
	return code, e.Cause != nil && e.Cause.Error() == "received from peer", true // as net/http marks it
}
