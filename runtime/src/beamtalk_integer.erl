%%% What Integer cannot say in one BIF: powers, multiples, divisors and counted loops over blocks.
-module(beamtalk_integer).

-export([power/3, round_to/2, truncate_to/2, as_float/1, gcd/2, lcm/2, times_repeat/2, to_do/3, to_do/4, no_limit/1]).

%% The VM's longest integer, in bits. It multiplies without a pause, so a power that would get there is not begun.
-define(LONGEST, 1 bsl 25).

%% Exact for a non-negative integer exponent, otherwise a float. The selector is the one that was sent.
-spec power(integer(), term(), atom()) -> number().
power(Base, Exponent, _) when is_integer(Exponent), Exponent >= 0 -> whole_power(Base, Exponent);
power(Base, Exponent, Selector) -> beamtalk_float:power(Base, Exponent, 'Integer', Selector).

whole_power(Base, Exponent) when Exponent > ?LONGEST, Base * Base > 1 -> erlang:error(system_limit);
whole_power(Base, Exponent) when Exponent > 64, Base * Base > 1 ->
    case Exponent * (bits(abs(Base)) - 1) > ?LONGEST of
        true -> erlang:error(system_limit);
        false -> exact(Base, Exponent, 1)
    end;
whole_power(Base, Exponent) -> exact(Base, Exponent, 1).

bits(Integer) ->
    <<First, _/binary>> = Bytes = binary:encode_unsigned(Integer),
    byte_size(Bytes) * 8 - leading_zeros(First, 0).

leading_zeros(Byte, Count) when Byte band 16#80 =:= 0 -> leading_zeros(Byte bsl 1, Count + 1);
leading_zeros(_, Count) -> Count.

%% Squares the base along the exponent's bits.
exact(_, 0, Product) -> Product;
exact(Base, 1, Product) -> Base * Product;
exact(Base, Exponent, Product) when Exponent band 1 =:= 1 -> exact(Base * Base, Exponent bsr 1, Base * Product);
exact(Base, Exponent, Product) -> exact(Base * Base, Exponent bsr 1, Product).

%% Exact if the quantum is an integer too. Halves go away from zero.
-spec round_to(integer(), term()) -> number().
round_to(Self, Quantum) when is_integer(Quantum), Quantum =/= 0 ->
    Size = abs(Quantum),
    Multiple = (2 * abs(Self) + Size) div (2 * Size) * Size,
    if Self < 0 -> -Multiple; true -> Multiple end;
round_to(Self, Quantum) ->
    beamtalk_float:round_to(Self, Quantum, 'Integer').

-spec truncate_to(integer(), term()) -> number().
truncate_to(Self, Quantum) when is_integer(Quantum), Quantum =/= 0 -> Self div Quantum * Quantum;
truncate_to(Self, Quantum) -> beamtalk_float:truncate_to(Self, Quantum, 'Integer').

-spec as_float(integer()) -> float().
as_float(Integer) ->
    try
        float(Integer)
    catch
        error:badarg -> beamtalk_error:raise(type_error, 'Integer', asFloat, <<"The Integer is too large for a Float.">>)
    end.

-spec gcd(integer(), term()) -> non_neg_integer().
gcd(A, B) when is_integer(B) -> euclid(abs(A), abs(B));
gcd(_, _) -> not_an_integer('gcd:').

euclid(A, 0) -> A;
euclid(A, B) -> euclid(B, A rem B).

-spec lcm(integer(), term()) -> non_neg_integer().
lcm(0, B) when is_integer(B) -> 0;
lcm(_, 0) -> 0;
lcm(A, B) when is_integer(B) -> abs(A * B) div gcd(A, B);
lcm(_, _) -> not_an_integer('lcm:').

-spec not_an_integer(atom()) -> no_return().
not_an_integer(Selector) ->
    beamtalk_error:raise(type_error, 'Integer', Selector, <<"The argument must be an Integer.">>).

-spec times_repeat(integer(), term()) -> nil.
times_repeat(Count, Block) when Count > 0 ->
    _ = beamtalk_block:value(Block),
    times_repeat(Count - 1, Block);
times_repeat(_, _) ->
    nil.

-spec to_do(number(), term(), term()) -> nil.
to_do(From, To, Block) when is_number(To) -> up(From, To, 1, Block);
to_do(_, _, _) -> no_limit('to:do:').

%% A step of zero, or one that leads away from the end, runs nothing.
-spec to_do(number(), term(), term(), term()) -> nil.
to_do(From, To, Step, Block) when is_number(To), is_number(Step) ->
    if
        Step > 0 -> up(From, To, Step, Block);
        Step < 0 -> down(From, To, Step, Block);
        true -> nil
    end;
to_do(_, _, _, _) ->
    no_limit('to:by:do:').

%% A limit or a step that is no number; also called by loops compiled in place.
-spec no_limit(atom()) -> no_return().
no_limit(Selector) ->
    beamtalk_error:raise(type_error, 'Integer', Selector, <<"The limit and the step of a loop must be numbers.">>).

up(I, To, Step, Block) when I =< To ->
    _ = beamtalk_block:value(Block, I),
    up(I + Step, To, Step, Block);
up(_, _, _, _) ->
    nil.

down(I, To, Step, Block) when I >= To ->
    _ = beamtalk_block:value(Block, I),
    down(I + Step, To, Step, Block);
down(_, _, _, _) ->
    nil.
