package amazon

import (
	"strconv"

	"github.com/tracklayer/amazon-capi/transform"
)

// AppendEvent writes by hand, like the other contract, with the fields in the order of
// Amazon's documentation. The conversion must have passed Check.
func (v eventsV1) AppendEvent(dst []byte, c *transform.Conversion) []byte {
	typ, _ := conversionType(c.EventType)
	dst = append(dst, `{"eventDescription":{"name":`...)
	dst = appendString(dst, c.Name)
	dst = append(dst, `,"conversionType":"`...)
	dst = append(dst, typ...)
	dst = append(dst, `","eventSource":"`...)
	dst = append(dst, eventSource(c)...)
	dst = append(dst, `","eventIngestionMethod":"SERVER_TO_SERVER"`...)
	dst = v.appendDataSet(dst, c)
	dst = append(dst, `,"eventTime":"`...)
	dst = transform.AppendTime(dst, c.OccurredAt)
	dst = append(dst, `","countryCode":"`...)
	dst = append(dst, c.CountryCode...)
	dst = append(dst, `","matchKeys":[`...)
	dst = appendMatchKeys(dst, c)
	dst = append(dst, ']')
	dst = appendFigures(dst, c, typ)
	dst = append(dst, `,"eventId":`...)
	dst = appendString(dst, c.EventID)
	dst = appendConsent(dst, &c.Consent)
	dst = appendCustomData(dst, &c.Attributes)
	if c.LimitedData {
		dst = append(dst, `,"dataProcessingOptions":{"options":"LIMITED_DATA_USE"}`...)
	}
	if c.UserAgent != "" {
		dst = append(dst, `,"deviceInfo":{"userAgent":`...)
		dst = appendString(dst, c.UserAgent)
		dst = append(dst, '}')
	}
	if c.ArefTokens != "" {
		dst = append(dst, `,"arefMeasurementTokens":`...)
		dst = appendString(dst, c.ArefTokens)
	}
	if c.AdEventKey != "" {
		dst = append(dst, `,"amazonAdEventKey":`...)
		dst = appendString(dst, c.AdEventKey)
	}
	if c.Partner != "" {
		dst = append(dst, `,"partner":`...)
		dst = appendString(dst, c.Partner)
	}
	return append(dst, '}')
}

// appendDataSet writes the data set and ends the description. Names of data sets are
// checked to need no escapes. A token is valid for one data set, whatever the mapping
// asks for.
func (v eventsV1) appendDataSet(dst []byte, c *transform.Conversion) []byte {
	if v.dataSet.ID != "" {
		dst = append(dst, `},"dataSetId":"`...)
		dst = append(dst, v.dataSet.ID...)
		return append(dst, '"')
	}
	name := c.DataSet
	if name == "" {
		name = v.dataSet.Name
	}
	if name != "" {
		dst = append(dst, `,"dataSetName":"`...)
		dst = append(dst, name...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}

func appendMatchKeys(dst []byte, c *transform.Conversion) []byte {
	start := len(dst)
	dst = appendHashKey(dst, "EMAIL", &c.HashedEmail)
	dst = appendHashKey(dst, "PHONE", &c.HashedPhone)
	dst = appendHashKey(dst, "FIRST_NAME", &c.FirstName)
	dst = appendHashKey(dst, "LAST_NAME", &c.LastName)
	dst = appendHashKey(dst, "ADDRESS", &c.Address)
	dst = appendHashKey(dst, "CITY", &c.City)
	dst = appendHashKey(dst, "STATE", &c.State)
	dst = appendHashKey(dst, "POSTAL", &c.HashedPostal)
	dst = appendIDKey(dst, "MAID", c.MADID)
	dst = appendIDKey(dst, "RAMP_ID", c.RampID)
	dst = appendIDKey(dst, "MATCH_ID", c.MatchID)
	dst = appendIDKey(dst, "REAL_ID", c.RealID)
	dst = appendIDKey(dst, "MERKLE_ID", c.MerkleID)
	dst = appendIDKey(dst, "KANTAR_ID", c.KantarID)
	dst = appendIDKey(dst, "FIP", c.FIP)
	if len(dst) > start {
		dst = dst[:len(dst)-1] // the last comma
	}
	return dst
}

func appendHashKey(dst []byte, typ string, h *transform.Hash) []byte {
	if !h.IsSet() {
		return dst
	}
	dst = appendKeyType(dst, typ)
	dst = append(dst, '"')
	dst = append(dst, h[:]...)
	return append(dst, `"]},`...)
}

func appendIDKey(dst []byte, typ, id string) []byte {
	if id == "" {
		return dst
	}
	return append(appendString(appendKeyType(dst, typ), id), `]},`...)
}

func appendKeyType(dst []byte, typ string) []byte {
	dst = append(dst, `{"type":"`...)
	dst = append(dst, typ...)
	return append(dst, `","values":[`...)
}

// appendFigures: only a purchase has a currency and units. The value of other types is a
// number on a scale that the customer defines.
func appendFigures(dst []byte, c *transform.Conversion, typ string) []byte {
	if !c.Amount.IsFinite() {
		return dst
	}
	dst = append(dst, `,"value":`...)
	dst = c.Amount.Append(dst)
	if typ != typePurchases {
		return dst
	}
	dst = append(dst, `,"currencyCode":"`...)
	dst = append(dst, c.Currency...)
	dst = append(dst, '"')
	if c.Units > 0 {
		dst = append(dst, `,"unitsSold":`...)
		dst = strconv.AppendInt(dst, int64(c.Units), 10)
	}
	return dst
}

// appendConsent omits Amazon's own format if there is a TCF string: the TCF string wins,
// and two statements could contradict each other.
func appendConsent(dst []byte, c *transform.Consented) []byte {
	const open = `,"consent":{`
	start := len(dst)
	dst = append(dst, open...)
	if c.IPAddress != "" {
		dst = append(dst, `"geo":{"ipAddress":`...)
		dst = appendString(dst, c.IPAddress)
		dst = append(dst, `},`...)
	}
	if c.UserData != "" && c.TCF == "" {
		dst = append(dst, `"amazonConsent":{"amznUserData":"`...)
		dst = append(dst, c.UserData...)
		dst = append(dst, '"')
		if c.Storage != "" {
			dst = append(dst, `,"amznAdStorage":"`...)
			dst = append(dst, c.Storage...)
			dst = append(dst, '"')
		}
		dst = append(dst, `},`...)
	}
	dst = appendOptional(dst, `"tcf":`, c.TCF)
	dst = appendOptional(dst, `"gpp":`, c.GPP)
	if len(dst) == start+len(open) {
		return dst[:start]
	}
	dst[len(dst)-1] = '}' // instead of the last comma
	return dst
}

func appendCustomData(dst []byte, a *transform.Attributes) []byte {
	list := a.All()
	if len(list) == 0 {
		return dst
	}
	dst = append(dst, `,"customData":[`...)
	for i := range list {
		dst = append(dst, `{"name":`...)
		dst = appendString(dst, list[i].Name)
		dst = append(dst, `,"dataType":"`...)
		dst = append(dst, list[i].Type.String()...)
		dst = append(dst, `","value":"`...)
		if list[i].Value == "" {
			dst = strconv.AppendInt(dst, list[i].Number, 10)
		} else {
			dst = append(dst, list[i].Value...) // a word, which needs no escapes
		}
		dst = append(dst, `"},`...)
	}
	dst[len(dst)-1] = ']'
	return dst
}
