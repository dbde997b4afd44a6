package discover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/tracklayer/amazon-capi/internal/redact"
	"github.com/tracklayer/amazon-capi/sink/amazon"
	"github.com/tracklayer/amazon-capi/sink/web"
)

// path is where Amazon lists accounts.
const path = "/adsApi/v1/query/advertiserAccounts"

// maxAnswer bounds a page.
const maxAnswer = 4 << 20

// page is a page of accounts.
type page struct {
	Accounts []advertiserAccount `json:"advertiserAccounts"`
	Next     text                `json:"nextToken"`
}

// failure is why a page was not had.
type failure struct {
	status int
	text   string
	after  time.Duration // that Amazon asks to wait
}

// passes reports whether another try may help.
func (f *failure) passes() bool {
	return f.status == 0 || f.status == http.StatusTooManyRequests || f.status >= 500
}

// ask asks once. What Amazon says is masked; no token and no answer is repeated.
func (q *question) ask(ctx context.Context, region amazon.Region, next string) (p page, _ *failure) {
	// Accounts that are not global oness are left out unless they are asked for.
	question := map[string]any{"isGlobalAccountFilter": map[string]any{"include": []bool{true, false}}, "maxResults": pageSize}
	if next != "" {
		question["nextToken"] = next
	}
	body, err := json.Marshal(question)
	if err != nil {
		return p, &failure{text: redact.Error(err)}
	}
	ctx, cancel := context.WithTimeout(ctx, q.Timeout)
	defer cancel()
	base := q.BaseURL
	if base == "" {
		base = region.Host()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+path, bytes.NewReader(body))
	if err != nil {
		return p, &failure{text: "the address is none that can be asked"}
	}
	q.setHeaders(req.Header)
	resp, err := q.Client.Do(req)
	if err != nil {
		return p, &failure{text: "there was no answer: " + web.FaultOf(err, q.Timeout).Text}
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return p, &failure{text: "the answer broke off: " + web.FaultOf(err, q.Timeout).Text}
	case len(data) > maxAnswer:
		return p, &failure{status: resp.StatusCode, text: errLong.Error()}
	case resp.StatusCode != http.StatusOK:
		return p, &failure{resp.StatusCode, said(resp.StatusCode, data), web.RetryAfter(resp.Header, time.Now())}
	}
	if err := decode(data, &p); err != nil {
		return page{}, &failure{status: resp.StatusCode, text: "whoever answered is not Amazon's API: " + err.Error()}
	}
	return p, nil
}

// setHeaders says who asks, as events do.
func (q *question) setHeaders(h http.Header) {
	h.Set("Content-Type", "application/json")
	h.Set("Accept", "application/json")
	h.Set("Accept-Encoding", "identity")
	if q.account.ManagerID != "" {
		h.Set(amazon.ManagerHeader, q.account.ManagerID)
	}
	if q.account.APIToken != "" {
		h.Set(amazon.TokenHeader, q.token.Secret())
		return
	}
	h.Set("Authorization", "Bearer "+q.token.Secret())
	h.Set("Amazon-Ads-ClientId", q.account.ClientID)
}

// decode reads a page. Its errors repeat nothing of it.
func decode(data []byte, p *page) error {
	var members map[string]json.RawMessage
	if json.Unmarshal(data, &members) != nil {
		return errors.New("the answer is not a JSON object")
	}
	if members["advertiserAccounts"] == nil {
		return errors.New("the answer has no advertiserAccounts")
	}
	if json.Unmarshal(data, p) != nil {
		return errors.New("advertiserAccounts is not a list of accounts")
	}
	return nil
}

// said is what an error's body says, masked.
func said(status int, data []byte) string {
	var body struct{ Code, Message, Details text }
	text := fmt.Sprintf("Amazon answered %d", status)
	if web := http.StatusText(status); web != "" {
		text += " " + web
	}
	if json.Unmarshal(data, &body) != nil {
		return text
	}
	for _, more := range []string{string(body.Code), string(body.Message), string(body.Details)} {
		if more != "" {
			text += ", " + redact.Line(redact.Message(more), 200)
		}
	}
	return text
}
