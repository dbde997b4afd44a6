package address

import "testing"

// TestVectors are addresses of many countries, taken through the tag's steps apart from this
// code. Countries without a table have that for all.
func TestVectors(t *testing.T) {
	for _, c := range []struct{ country, address, want string }{
		{"US", "4 Crossroads Plza., Bldg. 7", "4xrdsplzbldg7"},
		{"US", "1600 N.W. Trnpk, Ste. #12-B", "1600nwtpkestenumber12b"},
		{"US", "88 Harbr Hts / Penthouse", "88hbrhtsph"},
		{"US", "One Southeast Third Ave.", "onesethirdave"},
		{"US", "15 Trls End Cir", "15trlendcir"},
		{"US", "P.O. Box 9", "pobox9"},
		{"US", "350 Fifth Ave [Floor 34]", "350fifthavefl34"},
		{"US", "99 Circles Ct.", "99cirsct"},
		{"US", "12 Viaduct Straven", "12viastra"},
		{"CA", "1055 West Georgia Street, No. 2100", "1055wgeorgiastnumber2100"},
		{"CA", "24 Sussex Drive", "24sussexdr"},
		{"GB", "Flat 2, 14 Parks Rd.", "flat214parkrd"},
		{"GB", "North Parkway 7", "npkwy7"},
		{"GB", "10 Downing St", "10downingst"},
		{"FR", "7 Allées Paul Riquet", "7allespaulriquet"},
		{"FR", "5 Imp. des Lilas", "5impassedeslilas"},
		{"FR", "18 Che du Moulin", "18chemindumoulin"},
		{"FR", "2 allee de la Forêt", "2alledelafort"},
		{"FR", "Pl. de la République 3", "pldelarepublique3"},
		{"FR", "12, rue de l'Église", "12ruedeleglise"},
		{"IT", "C.so Buenos Aires, 12/A", "corsobuenosaires12a"},
		{"IT", "Piazza P.tta 4", "piazzapiazzetta4"},
		{"IT", "l.go Argentina 5", "largoargentina5"},
		{"IT", "Vle. Certosa 8", "vialecertosa8"},
		{"IT", "v.lo del Gallo", "vicolodelgallo"},
		{"ES", "Gran Vía 32, Núm. 4", "granvia32number4"},
		{"ES", "Ctra. de Burgos, km 7", "carreteradeburgoskm7"},
		{"ES", "Avd. Diagonal 640", "avenidadiagonal640"},
		{"ES", "Rda. de Atocha 2", "rondadeatocha2"},
		{"ES", "Urb. Las Rozas, p 3", "urbanizacinlasrozaspasseig3"},
		{"ES", "Carrer de Balmes 1", "calledebalmes1"},
		{"ES", "ctrin. viejo", "carreterinviejo"},
		{"ES", "Pº Castellana 100", "pcastellana100"},
		{"ES", "Paseo del Prado, s/n", "passeigdelpradosn"},
		{"DE", "Str. des 17. Juni 135", "stdes17juni135"},
		{"DE", "Schloßplatz 1 # 3", "schlossplatz1number3"},
		{"AT", "Kärntner Ring 9", "kaerntnerring9"},
		{"SE", "Sveavägen 44", "sveavaegen44"},
		{"DK", "Nørrebrogade 5", "norrebrogade5"},
		{"NL", "Plein 1813 nr. 4", "plein1813nr4"},
		{"BE", "Avenue Louise 54", "avelouise54"},
		{"PL", "ul. Łódzka 3", "ulodzka3"},
		{"PT", "Praça São João, no. 2", "praasojoonumber2"},
		{"BR", "Av. Paulista, 1578", "avpaulista1578"},
		{"MX", "Av. Insurgentes Sur 1602, Número 5", "avinsurgentessur1602number5"},
		{"TR", "İstiklal Cad. 10", "istiklalcad10"},
		{"JP", "1-2-3 Ginza", "123ginza"},
		{"AU", "1 Macquarie Place", "1macquariepl"},
		{"IN", "MG Road, No 12", "mgrdnumber12"},
		{"AE", "Sheikh Zayed Rd - Tower 1", "sheikhzayedrdtower1"},
		{"EG", "شارع 9", "9"},
		{"SG", "1 Raffles Place #20-01", "1rafflesplnumber2001"},
		{"ZA", "5 Long Street", "5longst"},
	} {
		if got := normal(c.address, c.country); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.country, c.address, got, c.want)
		}
	}
}
