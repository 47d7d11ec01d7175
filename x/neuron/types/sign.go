package types

import (
	"encoding/binary"

	"github.com/gotensor/gotensor"
)

const (
	// AllSubnets in an appointment means every subnet for which the validator has no appointment of its own.
	AllSubnets gotensor.NetUID = 65_535

	appointTag = "gotensor/appoint/v1"
	grantTag   = "gotensor/grant/v1"
)

// AppointBytes is what a hotkey signs to act for a staking validator on a subnet, or on AllSubnets:
//
//	len(tag) u8 | tag | len(chain id) u8 | chain id | validator 20 | netuid u16 LE
//
// The signature is of the keccak256 hash of these bytes. A chain id has at most 255 bytes.
func AppointBytes(chainID string, validator gotensor.Address, netuid gotensor.NetUID) []byte {
	b := framed(appointTag, chainID)
	b = append(b, validator[:]...)
	return binary.LittleEndian.AppendUint16(b, uint16(netuid))
}

// GrantBytes is what a hotkey signs to take bandwidth from a delegator:
//
//	len(tag) u8 | tag | len(chain id) u8 | chain id | delegator 20
//
// The signature is of the keccak256 hash of these bytes. A chain id has at most 255 bytes.
func GrantBytes(chainID string, delegator gotensor.Address) []byte {
	return append(framed(grantTag, chainID), delegator[:]...)
}

func framed(tag, chainID string) []byte {
	b := append([]byte{byte(len(tag))}, tag...)
	b = append(b, byte(len(chainID))) // CometBFT allows 50 bytes
	return append(b, chainID...)
}
