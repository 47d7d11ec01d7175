package chain

import (
	"crypto/sha256"
	"fmt"
	"math/big"

	bankv1beta1 "cosmossdk.io/api/cosmos/bank/v1beta1"
	basev1beta1 "cosmossdk.io/api/cosmos/base/v1beta1"
	ed25519 "cosmossdk.io/api/cosmos/crypto/ed25519"
	distributionv1beta1 "cosmossdk.io/api/cosmos/distribution/v1beta1"
	stakingv1beta1 "cosmossdk.io/api/cosmos/staking/v1beta1"
	gogoproto "github.com/cosmos/gogoproto/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/gotensor/gotensor"
	"github.com/gotensor/gotensor/keys"
	neuron "github.com/gotensor/gotensor/x/neuron/types"
	weights "github.com/gotensor/gotensor/x/weights/types"
)

// Fee says how a message is paid for.
type Fee int

const (
	// FeeGas is the ordinary way: gas times the node's price, from the signer's account.
	FeeGas Fee = iota
	// FeeNone is a registered hotkey's own message, free inside rate limits, alone in its transaction.
	FeeNone
	// FeeWork is a registration by proof of work, signed by a key that need not have an account.
	FeeWork
)

// Gas limits of the messages that go without a fee: the caps of the chain's ante handler (package app/ante).
const (
	gasWork   = 400_000
	gasServe  = 300_000
	gasCommit = 300_000
	gasReveal = 3_000_000
)

// Msg is one action on the chain, encoded, with the way it is paid for. The constructors of this package make them.
type Msg struct {
	any *anypb.Any
	fee Fee
	gas uint64 // limit of a message without a fee
}

// TypeURL names the kind of message, e.g. "/cosmos.bank.v1beta1.MsgSend".
func (m Msg) TypeURL() string { return m.any.GetTypeUrl() }

// Transfer sends TAO.
func Transfer(from, to gotensor.Address, amount gotensor.Rao) (Msg, error) {
	return sdkMsg(&bankv1beta1.MsgSend{
		FromAddress: keys.Account(from), ToAddress: keys.Account(to), Amount: []*basev1beta1.Coin{coin(amount)},
	})
}

// Delegate stakes TAO with a validator, named by its operator's address.
func Delegate(delegator, operator gotensor.Address, amount gotensor.Rao) (Msg, error) {
	return sdkMsg(&stakingv1beta1.MsgDelegate{
		DelegatorAddress: keys.Account(delegator), ValidatorAddress: keys.Operator(operator), Amount: coin(amount),
	})
}

// Undelegate takes stake back; it is free after the unbonding time.
func Undelegate(delegator, operator gotensor.Address, amount gotensor.Rao) (Msg, error) {
	return sdkMsg(&stakingv1beta1.MsgUndelegate{
		DelegatorAddress: keys.Account(delegator), ValidatorAddress: keys.Operator(operator), Amount: coin(amount),
	})
}

// ClaimDividends takes what a delegation has earned.
func ClaimDividends(delegator, operator gotensor.Address) (Msg, error) {
	return sdkMsg(&distributionv1beta1.MsgWithdrawDelegatorReward{
		DelegatorAddress: keys.Account(delegator), ValidatorAddress: keys.Operator(operator),
	})
}

// ClaimCommission takes what a validator's operator has earned as take.
func ClaimCommission(operator gotensor.Address) (Msg, error) {
	return sdkMsg(&distributionv1beta1.MsgWithdrawValidatorCommission{ValidatorAddress: keys.Operator(operator)})
}

// NewValidator describes a staking validator to be.
type NewValidator struct {
	Operator     gotensor.Address
	Moniker      string
	ConsensusKey [32]byte     // ed25519; of a node only if the validator will produce blocks
	Stake        gotensor.Rao // of its own, at least one TAO to count
	TakePPM      uint32       // commission on delegators' dividends, parts per million
}

// NoNodeKey is the consensus key of a staking validator that will not produce blocks: x/staking wants one of everybody. It is a
// hash of the operator's address, so no node has its private half.
func NoNodeKey(operator gotensor.Address) [32]byte {
	return sha256.Sum256(append([]byte("gotensor/no-node/v1"), operator[:]...))
}

// CreateValidator makes the operator's account a staking validator, which others can delegate to.
func CreateValidator(v NewValidator) (Msg, error) {
	pub, err := sdkMsg(&ed25519.PubKey{Key: v.ConsensusKey[:]})
	if err != nil {
		return Msg{}, err
	}
	return sdkMsg(&stakingv1beta1.MsgCreateValidator{
		Description: &stakingv1beta1.Description{Moniker: v.Moniker},
		// The rates are decimals with 18 places.
		Commission:        &stakingv1beta1.CommissionRates{Rate: ppmDec(v.TakePPM), MaxRate: ppmDec(1_000_000), MaxChangeRate: ppmDec(10_000)},
		MinSelfDelegation: "1",
		ValidatorAddress:  keys.Operator(v.Operator),
		Pubkey:            pub.any,
		Value:             coin(v.Stake),
	})
}

// RegisterPow takes a uid by proof of work; the hotkey signs.
func RegisterPow(m *neuron.MsgRegisterPow) (Msg, error) { return ownMsg(m, FeeWork, gasWork) }

// RegisterBurn takes a uid by burning TAO; the coldkey signs and pays, and the hotkey's signature of neuron.RegisterMessage goes with it.
func RegisterBurn(m *neuron.MsgRegisterBurn) (Msg, error) { return ownMsg(m, FeeGas, 0) }

// Serve publishes where a neuron serves.
func Serve(m *neuron.MsgServe) (Msg, error) { return ownMsg(m, FeeNone, gasServe) }

// AppointHotkey names the hotkey that acts with a staking validator's stake; the operator signs.
func AppointHotkey(m *neuron.MsgAppointHotkey) (Msg, error) { return ownMsg(m, FeeGas, 0) }

// GrantBandwidth lends a delegator's bandwidth to a hotkey; the delegator signs.
func GrantBandwidth(m *neuron.MsgGrantBandwidth) (Msg, error) { return ownMsg(m, FeeGas, 0) }

// CommitWeights hides a row of weights until the next period.
func CommitWeights(m *weights.MsgCommit) (Msg, error) { return ownMsg(m, FeeNone, gasCommit) }

// RevealWeights opens a commitment.
func RevealWeights(m *weights.MsgReveal) (Msg, error) { return ownMsg(m, FeeNone, gasReveal) }

func sdkMsg(m proto.Message) (Msg, error) {
	value, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return Msg{}, fmt.Errorf("encode %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	return Msg{any: &anypb.Any{TypeUrl: "/" + string(m.ProtoReflect().Descriptor().FullName()), Value: value}}, nil
}

// ownMessage is a generated message of our own modules.
type ownMessage interface {
	gogoproto.Message
	Marshal() ([]byte, error)
}

func ownMsg(m ownMessage, fee Fee, gas uint64) (Msg, error) {
	url := "/" + gogoproto.MessageName(m)
	value, err := m.Marshal()
	if err != nil {
		return Msg{}, fmt.Errorf("encode %s: %w", url, err)
	}
	return Msg{any: &anypb.Any{TypeUrl: url, Value: value}, fee: fee, gas: gas}, nil
}

func coin(amount gotensor.Rao) *basev1beta1.Coin {
	return &basev1beta1.Coin{Denom: gotensor.BaseDenom, Amount: amount.Atao().String()}
}

// ppmDec writes parts per million as the SDK's decimal: an integer scaled by 1e18.
func ppmDec(ppm uint32) string {
	return new(big.Int).Mul(big.NewInt(int64(ppm)), big.NewInt(decPerPPM)).String()
}
