%%% Floats as text, and arithmetic with floats that needs its arguments checked.
-module(beamtalk_float).

-export([to_string/1, is_zero/1, power/2, power/4, round_to/2, round_to/3, truncate_to/2, truncate_to/3, atan2/2]).

%% The shortest digits that read back as the same float.
-spec to_string(float()) -> binary().
to_string(Float) ->
    float_to_binary(Float, [short]).

%% Not -0.0, which OTP before 27 takes for the same term as 0.0.
-spec is_zero(float()) -> boolean().
is_zero(Float) ->
    <<Float/float>> =:= <<0:64>>.

-spec power(float(), term()) -> float().
power(Base, Exponent) ->
    power(Base, Exponent, 'Float', 'raisedTo:').

%% The same for a message to an object of another class.
-spec power(number(), term(), atom(), atom()) -> float().
power(Base, Exponent, ClassName, Selector) ->
    checked(fun() -> math:pow(Base, Exponent) end, Exponent, ClassName, Selector).

-spec round_to(float(), term()) -> number().
round_to(Self, Quantum) ->
    round_to(Self, Quantum, 'Float').

-spec round_to(number(), term(), atom()) -> number().
round_to(Self, Quantum, ClassName) ->
    checked(fun() -> round(Self / Quantum) * Quantum end, Quantum, ClassName, 'roundTo:').

-spec truncate_to(float(), term()) -> number().
truncate_to(Self, Quantum) ->
    truncate_to(Self, Quantum, 'Float').

-spec truncate_to(number(), term(), atom()) -> number().
truncate_to(Self, Quantum, ClassName) ->
    checked(fun() -> trunc(Self / Quantum) * Quantum end, Quantum, ClassName, 'truncateTo:').

-spec atan2(float(), term()) -> float().
atan2(Y, X) ->
    checked(fun() -> math:atan2(Y, X) end, X, 'Float', 'atan2:').

%% What has no result, or one that no float can hold, is the message's own error.
checked(Operation, Argument, ClassName, Selector) ->
    try
        is_number(Argument) andalso Operation()
    of
        false -> beamtalk_error:bad_arithmetic(ClassName, Selector);
        Number -> Number
    catch
        error:badarith -> beamtalk_error:bad_arithmetic(ClassName, Selector)
    end.
