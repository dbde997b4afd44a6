package sandbox

import "strings"

// iso4217 and iso3166 tell whether a code is in use. The lists are written out
// because the ones in golang.org/x/text are of 2017: they lack the bolívar of
// 2018 and the leone of 2022, and take the mark of before 2002.
func iso4217(code string) bool { return inList(currencies, code, 3) }
func iso3166(code string) bool { return inList(countries, code, 2) }

func inList(list, code string, n int) bool {
	return len(code) == n && !strings.ContainsAny(code, " \n\t") && strings.Contains(list, " "+code+" ")
}

// currencies are the codes of ISO 4217 that amounts can be in, without metals,
// bond units and test codes: money, then funds and units of account, then what
// was withdrawn since 2021, because replayed events were paid in it.
const currencies = ` AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF` +
	` CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG` +
	` HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA` +
	` MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD` +
	` RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX` +
	` USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG` +
	` BOV CHE CHW CLF COU MXV USN UYI UYW XAD XDR XSU XUA` +
	` ANG BGN CUC HRK SLL ZWL `

// countries are the officially assigned codes of ISO 3166-1 alpha-2.
const countries = ` AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY` +
	` BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR` +
	` GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP` +
	` KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT` +
	` MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW` +
	` SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG` +
	` UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW `
