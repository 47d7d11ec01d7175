package types

import (
	"encoding/binary"
	"fmt"

	"github.com/gotensor/gotensor"
)

// MaxNeurons bounds the slots of a subnet, and so every loop over its neurons.
const MaxNeurons = 4_096

// Column names one packed column of a subnet.
type Column uint8

// The columns, as in the message Columns.
const (
	ColumnStake Column = iota + 1
	ColumnConsensus
	ColumnIncentive
	ColumnDividends
	ColumnValidatorTrust
	ColumnPermit
	ColumnActive
	ColumnEmission
	ColumnAccrued
)

// AllColumns lists the columns in order.
func AllColumns() []Column {
	return []Column{
		ColumnStake, ColumnConsensus, ColumnIncentive, ColumnDividends, ColumnValidatorTrust, ColumnPermit, ColumnActive, ColumnEmission, ColumnAccrued,
	}
}

// Width is the number of bytes of one entry: 8 for amounts, 2 for shares, 1 for flags.
func (c Column) Width() int {
	switch c {
	case ColumnStake, ColumnEmission, ColumnAccrued:
		return 8
	case ColumnPermit, ColumnActive:
		return 1
	default:
		return 2
	}
}

// String is the column's name in the message Columns.
func (c Column) String() string {
	names := [...]string{"stake", "consensus", "incentive", "dividends", "validator_trust", "permit", "active", "emission", "accrued"}
	if c < 1 || int(c) > len(names) {
		return fmt.Sprintf("column %d", uint8(c))
	}
	return names[c-1]
}

// Field points at the column in a packed message.
func (c Column) Field(p *Columns) *[]byte {
	fields := [...]*[]byte{
		&p.Stake, &p.Consensus, &p.Incentive, &p.Dividends, &p.ValidatorTrust, &p.Permit, &p.Active, &p.Emission, &p.Accrued,
	}
	return fields[c-1]
}

// EpochColumns are what an epoch computes, one entry per uid: stake and emission in rao, shares in u16 of 65535.
type EpochColumns struct {
	Stake          []gotensor.Rao
	Consensus      []uint16
	Incentive      []uint16
	Dividends      []uint16
	ValidatorTrust []uint16
	Permit         []bool
	Active         []bool
	Emission       []gotensor.Rao
}

// Table is all columns of a subnet, one entry per uid.
type Table struct {
	EpochColumns
	// Accrued is the incentive that is not yet paid out, rao.
	Accrued []gotensor.Rao
}

// Pack encodes the columns. It fails with ErrColumns unless all have n entries.
func (v Table) Pack(n int) (Columns, error) {
	p, err := v.EpochColumns.Pack(n)
	if err != nil {
		return p, err
	}
	if len(v.Accrued) != n {
		return Columns{}, fmt.Errorf("accrued has %d entries, want %d: %w", len(v.Accrued), n, ErrColumns)
	}
	p.Accrued = PackRao(v.Accrued)
	return p, nil
}

// Pack encodes the columns of an epoch and leaves accrued empty. It fails with ErrColumns unless all have n entries.
func (v EpochColumns) Pack(n int) (Columns, error) {
	for _, c := range []struct {
		column Column
		n      int
	}{
		{ColumnStake, len(v.Stake)},
		{ColumnConsensus, len(v.Consensus)},
		{ColumnIncentive, len(v.Incentive)},
		{ColumnDividends, len(v.Dividends)},
		{ColumnValidatorTrust, len(v.ValidatorTrust)},
		{ColumnPermit, len(v.Permit)},
		{ColumnActive, len(v.Active)},
		{ColumnEmission, len(v.Emission)},
	} {
		if c.n != n {
			return Columns{}, fmt.Errorf("%s has %d entries, want %d: %w", c.column, c.n, n, ErrColumns)
		}
	}
	return Columns{
		Stake: PackRao(v.Stake), Consensus: packU16(v.Consensus), Incentive: packU16(v.Incentive), Dividends: packU16(v.Dividends),
		ValidatorTrust: packU16(v.ValidatorTrust), Permit: packBool(v.Permit), Active: packBool(v.Active), Emission: PackRao(v.Emission),
	}, nil
}

// Validate fails with ErrColumns, naming the column, unless all columns have n well-formed entries.
func (p *Columns) Validate(n int) error {
	if n > MaxNeurons {
		return fmt.Errorf("%d entries, want at most %d: %w", n, MaxNeurons, ErrColumns)
	}
	for _, c := range AllColumns() {
		if err := c.Check(*c.Field(p), n); err != nil {
			return err
		}
	}
	return nil
}

// Check fails with ErrColumns unless b holds n well-formed entries of the column.
func (c Column) Check(b []byte, n int) error {
	if len(b) != n*c.Width() {
		return fmt.Errorf("%s has %d bytes, want %d entries of %d: %w", c, len(b), n, c.Width(), ErrColumns)
	}
	if c.Width() == 1 {
		for uid, x := range b {
			if x > 1 {
				return fmt.Errorf("%s of uid %d is %d, want 0 or 1: %w", c, uid, x, ErrColumns)
			}
		}
	}
	return nil
}

// Unpack decodes the columns of n neurons. It fails with ErrColumns.
func (p *Columns) Unpack(n int) (Table, error) {
	if err := p.Validate(n); err != nil {
		return Table{}, err
	}
	return Table{
		EpochColumns: EpochColumns{
			Stake: UnpackRao(p.Stake), Consensus: UnpackU16(p.Consensus), Incentive: UnpackU16(p.Incentive), Dividends: UnpackU16(p.Dividends),
			ValidatorTrust: UnpackU16(p.ValidatorTrust), Permit: unpackBool(p.Permit), Active: unpackBool(p.Active), Emission: UnpackRao(p.Emission),
		},
		Accrued: UnpackRao(p.Accrued),
	}, nil
}

// ZeroColumns are the packed columns of n neurons without any value.
func ZeroColumns(n int) Columns {
	var p Columns
	for _, c := range AllColumns() {
		*c.Field(&p) = make([]byte, n*c.Width())
	}
	return p
}

// PackRao encodes amounts as u64, little-endian.
func PackRao(v []gotensor.Rao) []byte {
	out := make([]byte, 0, 8*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint64(out, uint64(x))
	}
	return out
}

// UnpackRao decodes amounts; the length of b is a multiple of 8.
func UnpackRao(b []byte) []gotensor.Rao {
	out := make([]gotensor.Rao, len(b)/8)
	for i := range out {
		out[i] = gotensor.Rao(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return out
}

func packU16(v []uint16) []byte {
	out := make([]byte, 0, 2*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint16(out, x)
	}
	return out
}

// UnpackU16 decodes shares; the length of b is a multiple of 2.
func UnpackU16(b []byte) []uint16 {
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out
}

func packBool(v []bool) []byte {
	out := make([]byte, len(v))
	for i, x := range v {
		if x {
			out[i] = 1
		}
	}
	return out
}

func unpackBool(b []byte) []bool {
	out := make([]bool, len(b))
	for i, x := range b {
		out[i] = x == 1
	}
	return out
}
