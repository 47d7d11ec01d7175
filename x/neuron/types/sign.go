package types

import (
	"encoding/binary"

	"github.com/gotensor/gotensor"
)

const (
	// AllSubnets in an appointment means every subnet for which the validator has no appointment of its own.
	AllSubnets gotensor.NetUID = 65_535

	// AppointTag separates consent to an appointment from everything else that a hotkey signs.
	AppointTag = "gotensor/appoint/v1"
	// GrantTag separates consent to a grant of bandwidth.
	GrantTag = "gotensor/grant/v1"
	// RegisterTag separates consent to a registration by burn.
	RegisterTag = "gotensor/register/v1"

	// messagePrefix starts every signed message that is not a transaction; no transaction starts so.
	messagePrefix = "\x19gotensor message\n"
)

// AppointMessage is what a hotkey signs under AppointTag to act for a staking validator on a subnet, or on AllSubnets:
//
//	len(chain id) u8 | chain id | validator 20 | netuid u16 LE
func AppointMessage(chainID string, validator gotensor.Address, netuid gotensor.NetUID) []byte {
	b := append(framed(chainID), validator[:]...)
	return binary.LittleEndian.AppendUint16(b, uint16(netuid))
}

// GrantMessage is what a hotkey signs under GrantTag to take bandwidth from a delegator:
//
//	len(chain id) u8 | chain id | delegator 20
func GrantMessage(chainID string, delegator gotensor.Address) []byte {
	return append(framed(chainID), delegator[:]...)
}

// RegisterMessage is what a hotkey signs under RegisterTag to be registered for a coldkey by burn, any number of times:
//
//	len(chain id) u8 | chain id | coldkey 20 | netuid u16 LE
func RegisterMessage(chainID string, coldkey gotensor.Address, netuid gotensor.NetUID) []byte {
	b := append(framed(chainID), coldkey[:]...)
	return binary.LittleEndian.AppendUint16(b, uint16(netuid))
}

// AppointBytes are the bytes behind the signature of an AppointMessage; SignedBytes says how they are framed.
func AppointBytes(chainID string, validator gotensor.Address, netuid gotensor.NetUID) []byte {
	return SignedBytes(AppointTag, AppointMessage(chainID, validator, netuid))
}

// GrantBytes are the bytes behind the signature of a GrantMessage; SignedBytes says how they are framed.
func GrantBytes(chainID string, delegator gotensor.Address) []byte {
	return SignedBytes(GrantTag, GrantMessage(chainID, delegator))
}

// RegisterBytes are the bytes behind the signature of a RegisterMessage; SignedBytes says how they are framed.
func RegisterBytes(chainID string, coldkey gotensor.Address, netuid gotensor.NetUID) []byte {
	return SignedBytes(RegisterTag, RegisterMessage(chainID, coldkey, netuid))
}

// SignedBytes frames a message for a tag of at most 255 bytes, as package keys does: "\x19gotensor message\n" | len(tag) u8 | tag |
// message. The signature is ECDSA over their keccak256 hash.
func SignedBytes(tag string, message []byte) []byte {
	b := append([]byte(messagePrefix), byte(len(tag)))
	b = append(b, tag...)
	return append(b, message...)
}

// framed is a string of at most 255 bytes behind its length; CometBFT allows a chain id 50.
func framed(s string) []byte { return append([]byte{byte(len(s))}, s...) }
