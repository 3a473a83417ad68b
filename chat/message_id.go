package chat

import (
	"context"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"

	"carillon/store"
)

// messageIDs makes the ids of stored messages: 32 hexadecimal digits that hold the message's place,
// its stream and sequence, enciphered as one block. A message is found by its id without an index,
// the id tells nothing to who has no key, and a made-up id is a random place: that it falls into the
// stream at hand has a chance of one in 2^64.
type messageIDs struct{ block cipher.Block }

func openMessageIDs(ctx context.Context, st store.Store) (messageIDs, error) {
	block, err := sharedCipher(ctx, st, "message-id-key")
	return messageIDs{block}, err
}

func (m messageIDs) seal(stream, sequence int64) string {
	var place [16]byte
	binary.BigEndian.PutUint64(place[:8], uint64(stream))
	binary.BigEndian.PutUint64(place[8:], uint64(sequence))
	m.block.Encrypt(place[:], place[:])
	return hex.EncodeToString(place[:])
}

func (m messageIDs) open(id string) (stream, sequence int64, ok bool) {
	place, err := hex.DecodeString(id)
	if err != nil || len(place) != 16 {
		return 0, 0, false
	}
	m.block.Decrypt(place, place)
	return int64(binary.BigEndian.Uint64(place[:8])), int64(binary.BigEndian.Uint64(place[8:])), true
}
