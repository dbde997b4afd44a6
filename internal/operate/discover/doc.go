// Package discover asks Amazon which accounts some credentials reach, so that profiles
// and their advertiser ids need not be typed into an accounts file. It writes no file.
package discover
