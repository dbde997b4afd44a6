// Package parking holds records that were taken and let go of again while their
// profile cannot be sent: the place of each, and the reader that fetches them from Kafka
// once they are wanted. It asks lanes what they want and hands what it has read to the
// assignments. It commits nothing, settles nothing, and never decides which records are
// given up for others: lanes do.
package parking
