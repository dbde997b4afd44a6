package exchange

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/tracklayer/amazon-capi/sink/web"
)

// readBody reads the body of an answer, decompresses it if it came compressed although
// that was not requested, and passes it to use, for the length of the call. The limit
// applies to the bytes read and to the bytes decompressed.
func (s *Sender) readBody(ctx context.Context, resp *http.Response, most int, use func(body []byte)) error {
	b, err := s.answers.read(ctx, resp.Body, resp.ContentLength, most)
	defer b.release()
	if err != nil {
		return err
	}
	encodings := web.EncodingsOf(resp.Header, b.bytes)
	if len(encodings) == 0 || len(b.bytes) == 0 {
		use(b.bytes)
		return nil
	}
	err = s.inflater.Inflate(b.bytes, encodings, most, use)
	var odd *web.Unreadable
	if errors.As(err, &odd) && json.Valid(bytes.TrimPrefix(b.bytes, []byte("\ufeff"))) {
		// Something decompressed it and left the header: no compressed body is JSON.
		use(b.bytes)
		return nil
	}
	return err
}
