package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
)

// Headers of events-v1 beside those of an advertiser with OAuth.
const (
	managerHeader = "Amazon-Ads-Manager-AccountId"
	tokenHeader   = "Amazon-Advertising-API-Token"
)

var (
	v1Manager   = regexp.MustCompile(`^amzn1\.ads1\.ma1\.[A-Za-z0-9_-]+$`)
	v1DataSetID = regexp.MustCompile(`^amzn1\.adm\.ds1\.evnt1[A-Za-z0-9._-]+$`)
	v1DataSet   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{4,99}$`)
)

// check reports what an account lacks.
func (a *Account) check() error {
	switch {
	case a.APIToken == "" && (a.ClientID == "" || a.ClientSecret == "" || a.RefreshToken == ""):
		return fmt.Errorf("client id, client secret and refresh token must all be set")
	case a.APIToken != "" && a.RefreshToken != "":
		return fmt.Errorf("has an API token and a refresh token: want one of them")
	case a.APIToken != "" && (!v1Manager.MatchString(a.ManagerID) || !v1DataSetID.MatchString(a.DataSetID)):
		return fmt.Errorf("an API token comes with a manager account (amzn1.ads1.ma1.…) and a data set (amzn1.adm.ds1.evnt1…)")
	}
	return nil
}

// tenantOf is whom a request says it is sent for; "" if it does not say.
func tenantOf(c contract, h http.Header) string {
	tenant, _ := c.headers()
	if v := h.Get(tenant); v != "" || c.name() != (eventsV1{}).name() {
		return v
	}
	return h.Get(managerHeader)
}

// tokenAccount is whose API token a request carries; nil if it has none that is good.
func (t *tokens) tokenAccount(token string) *Account {
	for i := range t.accounts {
		if a := &t.accounts[i]; a.APIToken != "" && same(a.APIToken, token) {
			return a
		}
	}
	return nil
}

// byAPIToken checks the headers of a request with an API token: it is the manager
// account's, and Login with Amazon has nothing to do with it.
func (a *Amazon) byAPIToken(h http.Header) (*Account, *problem) {
	account := a.tokens.tokenAccount(h.Get(tokenHeader))
	_, client := (eventsV1{}).headers()
	switch {
	case account == nil:
		return nil, refuse(http.StatusUnauthorized, "UNAUTHORIZED", "the API token is not known")
	case h.Get("Authorization") != "" || h.Get(client) != "":
		return nil, refuse(http.StatusBadRequest, "BAD_REQUEST", "a request with an API token has no access token and no client id")
	case h.Get(managerHeader) == "":
		return nil, refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s is required with an API token", managerHeader)
	case h.Get(managerHeader) != account.ManagerID:
		return nil, refuse(http.StatusForbidden, "FORBIDDEN", "the API token is not that of the account in %s", managerHeader)
	}
	return account, nil
}

// checkTenant checks for whom a request of events-v1 is sent: one advertiser or one
// manager account.
func checkTenant(h http.Header) *problem {
	tenant, _ := (eventsV1{}).headers()
	switch advertiser, manager := h.Get(tenant), h.Get(managerHeader); {
	case advertiser != "" && manager != "":
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "headers %s and %s are both there", tenant, managerHeader)
	case advertiser == "" && manager == "":
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s or %s is required", tenant, managerHeader)
	case manager != "" && !v1Manager.MatchString(manager):
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s must be the id of a manager account", managerHeader)
	case advertiser != "" && !v1ID.MatchString(advertiser):
		return refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s must be the id of an account", tenant)
	}
	return nil
}

// checkDataSet holds an event to the account that sends it: with an API token it names the
// token's data set by id, with OAuth at most one by name.
func checkDataSet(raw json.RawMessage, account *Account) []problem {
	var e struct {
		DataSetID        string `json:"dataSetId"`
		EventDescription struct {
			DataSetName string `json:"dataSetName"`
		} `json:"eventDescription"`
	}
	if json.Unmarshal(raw, &e) != nil {
		return nil // what it is has been found already
	}
	var f findings
	switch byToken := account.APIToken != ""; {
	case byToken && e.DataSetID == "":
		f.invalid(codeV1Missing, "dataSetId", nil, "dataSetId is required with an API token")
	case byToken && e.DataSetID != account.DataSetID:
		f.invalid(codeV1Invalid, "dataSetId", nil, "dataSetId is not that of the API token")
	case byToken && e.EventDescription.DataSetName != "":
		f.invalid(codeV1Forbidden, "eventDescription.dataSetName", nil, "dataSetName is for OAuth")
	case !byToken && e.DataSetID != "":
		f.invalid(codeV1Forbidden, "dataSetId", nil, "dataSetId is for API tokens")
	}
	return f.list
}

// mayBeFor reports whether an account may send for whom a request names.
func (a *Account) mayBeFor(tenant string) bool {
	if tenant == ForbiddenProfile || a.APIToken == "" && len(a.Profiles) > 0 && !slices.Contains(a.Profiles, tenant) {
		return false
	}
	return true
}
