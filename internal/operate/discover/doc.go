// Package discover asks Amazon which accounts some credentials reach, so that profiles
// and their advertiser ids need not be typed into an accounts file. It prints such a file
// and writes none. What a file means to delivery is for package accounts.
package discover
