package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// accountsPath is where Amazon lists the accounts that a client reaches.
const accountsPath = "/adsApi/v1/query/advertiserAccounts"

// maxListed is the largest page.
const maxListed = 100

// serveAccounts lists an account's advertisers, page by page.
func (a *Amazon) serveAccounts(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		send(w, r, failure(refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "accounts are asked for by POST"), false), nil)
		return
	}
	body, err := a.readBody(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	wait, fault := a.faults.strike(AtAccounts, "")
	sleep(r.Context(), wait)
	rep, replaced := reply{}, false
	if fault != nil {
		rep, replaced = a.replyOf(fault)
	}
	if !replaced {
		rep = a.accounts(r, body)
	}
	send(w, r, rep, fault)
}

func (a *Amazon) accounts(r *http.Request, body []byte) reply {
	account, bad := a.asksAccounts(r)
	if bad != nil {
		return failure(bad, false)
	}
	var q struct {
		Filter    *struct{ Include []bool }   `json:"isGlobalAccountFilter"`
		IDs       *struct{ Include []string } `json:"advertiserAccountIdFilter"`
		Max       *int                        `json:"maxResults"`
		NextToken string                      `json:"nextToken"`
	}
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	from, fits := 0, len(body) <= a.opts.MaxBody && dec.Decode(&q) == nil
	if fits && q.NextToken != "" {
		n, ok := strings.CutPrefix(q.NextToken, "page-")
		from, _ = strconv.Atoi(n)
		fits = ok && from > 0
	}
	size := maxListed
	if q.Max != nil {
		size = *q.Max
	}
	if !fits || size < 1 || size > maxListed {
		return failure(refuse(http.StatusBadRequest, "BAD_REQUEST", "the body must be a question for accounts, of 1 to %d a page", maxListed), false)
	}
	return jsonReply(http.StatusOK, account.listed(from, size))
}

// asksAccounts checks the headers of the question: it names no tenant but a manager account.
func (a *Amazon) asksAccounts(r *http.Request) (*Account, *problem) {
	c := eventsV1{}
	if bad := checkForm(c, r); bad != nil {
		return nil, bad
	}
	if r.Header.Get(tokenHeader) != "" {
		return a.byAPIToken(r.Header)
	}
	account := a.tokens.account(bearer(r.Header))
	_, client := c.headers()
	switch {
	case account == nil:
		return nil, refuse(http.StatusUnauthorized, "UNAUTHORIZED", "the access token is missing, unknown or has expired")
	case r.Header.Get(client) == "":
		return nil, refuse(http.StatusBadRequest, "BAD_REQUEST", "header %s is required", client)
	case r.Header.Get(client) != account.ClientID:
		return nil, refuse(http.StatusForbidden, "FORBIDDEN", "header %s is not the client that the access token was given to", client)
	}
	return account, nil
}

// listed is a page of an account's advertisers. Half of their ids are beside the profile's
// and half on their own, as Amazon has them both ways.
func (a *Account) listed(from, size int) any {
	type object = map[string]any
	all := a.Advertisers
	if len(all) == 0 {
		all = DefaultAdvertisers()
	}
	list := []object{}
	for i := from; i < min(from+size, len(all)); i++ {
		ad := &all[i]
		id := object{"profileId": json.Number(ad.ProfileID), "countryCode": ad.Country, "region": ad.Region}
		ids := []object{id}
		if ad.AdvertiserID != "" && i%2 == 0 {
			id["dspAdvertiserId"] = ad.AdvertiserID
		} else if ad.AdvertiserID != "" {
			ids = append(ids, object{"dspAdvertiserId": ad.AdvertiserID, "countryCode": ad.Country, "region": ad.Region})
		}
		list = append(list, object{
			"advertiserAccountId": fmt.Sprintf("amzn1.ads-account.g.sandbox%d", i), "displayName": ad.Name, "status": "CREATED", "alternateIds": ids,
		})
	}
	answer := object{"advertiserAccounts": list}
	if from+size < len(all) {
		answer["nextToken"] = fmt.Sprintf("page-%d", from+size)
	}
	return answer
}
