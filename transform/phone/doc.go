// Package phone reads phone numbers as people and spreadsheets write them and
// normalises those that can mean only one number. The numbering plans come from
// libphonenumber's data, and the library's own parser is the last resort, as it
// takes about 100 times longer. Hashing, event fields and warnings do not belong
// here.
package phone
