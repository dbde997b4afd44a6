package sandbox

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const (
	managerID = "amzn1.ads1.ma1.abc123"
	dataSetID = "amzn1.adm.ds1.evnt1.shop"
)

// TestKindsOfAccountsAreHeldApart: a request is an advertiser's or a manager account's, by
// OAuth or by an API token, and its events name a data set as that has it.
func TestKindsOfAccountsAreHeldApart(t *testing.T) {
	h := newHarness(t, Options{Accounts: []Account{DefaultAccount(), {APIToken: "lasting", ManagerID: managerID, DataSetID: dataSetID}}})
	named := func(s string) string {
		return strings.Replace(v1Purchase("ord_1"), `"SERVER_TO_SERVER"`, `"SERVER_TO_SERVER","dataSetName":"`+s+`"`, 1)
	}
	withID := func(s string) string { return strings.Replace(v1Purchase("ord_1"), `{`, `{"dataSetId":"`+s+`",`, 1) }
	oauth := map[string]string{"Authorization": "Bearer " + h.token, "Amazon-Ads-ClientId": DefaultAccount().ClientID}
	with := func(to map[string]string, more ...string) map[string]string {
		m := maps.Clone(to)
		for i := 0; i < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	token := map[string]string{tokenHeader: "lasting", managerHeader: managerID}
	for name, c := range map[string]struct {
		headers map[string]string
		event   string
		status  int
		code    string
	}{
		"advertiser":                   {with(oauth, "Amazon-Ads-AccountId", profile), v1Purchase("ord_1"), 207, ""},
		"advertiser, set by name":      {with(oauth, "Amazon-Ads-AccountId", profile), named("shop_data"), 207, ""},
		"manager":                      {with(oauth, managerHeader, managerID), named("shop_data"), 207, ""},
		"token":                        {token, withID(dataSetID), 207, ""},
		"both":                         {with(oauth, managerHeader, managerID, "Amazon-Ads-AccountId", profile), v1Purchase("ord_1"), 400, ""},
		"neither":                      {oauth, v1Purchase("ord_1"), 400, ""},
		"manager with letters missing": {with(oauth, managerHeader, "amzn1.ads1.abc123"), v1Purchase("ord_1"), 400, ""},
		"token of nobody":              {with(token, tokenHeader, "other"), withID(dataSetID), 401, ""},
		"token and bearer":             {with(token, "Authorization", "Bearer "+h.token), withID(dataSetID), 400, ""},
		"token and client":             {with(token, "Amazon-Ads-ClientId", DefaultAccount().ClientID), withID(dataSetID), 400, ""},
		"token and advertiser":         {map[string]string{tokenHeader: "lasting", "Amazon-Ads-AccountId": profile}, withID(dataSetID), 400, ""},
		"token of another manager":     {with(token, managerHeader, managerID+"x"), withID(dataSetID), 403, ""},
		"token as bearer":              {map[string]string{"Authorization": "Bearer lasting", managerHeader: managerID}, withID(dataSetID), 401, ""},
		"token without a set":          {token, v1Purchase("ord_1"), 207, codeV1Missing},
		"token with another set":       {token, withID(dataSetID + "2"), 207, codeV1Invalid},
		"OAuth with a set's id":        {with(oauth, "Amazon-Ads-AccountId", profile), withID(dataSetID), 207, codeV1Forbidden},
		"set of four letters":          {with(oauth, "Amazon-Ads-AccountId", profile), named("shop"), 207, codeV1Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, eventsV1{}.path(), strings.NewReader(`{"events":[`+c.event+`]}`))
			for k, v := range c.headers {
				r.Header.Set(k, v)
			}
			r.Header.Set("Content-Type", "application/json")
			a := h.do(r)
			if a.status != c.status {
				t.Fatalf("status %d: %s", a.status, a.body)
			}
			if c.status == 207 {
				if _, refused := a.items(t); refused[0] != c.code {
					t.Errorf("refused by %q, want %q: %s", refused[0], c.code, a.body)
				}
			}
		})
	}
}
