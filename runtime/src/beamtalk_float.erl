%%% Floats as text, and the two-argument functions of `math' with checked arguments.
-module(beamtalk_float).

-export([to_string/1, is_zero/1, power/2, atan2/2]).

%% The shortest digits that read back as the same float.
-spec to_string(float()) -> binary().
to_string(Float) ->
    float_to_binary(Float, [short]).

%% Not -0.0, which OTP before 27 takes for the same term as 0.0.
-spec is_zero(float()) -> boolean().
is_zero(Float) ->
    <<Float/float>> =:= <<0:64>>.

-spec power(float(), term()) -> float().
power(Base, Exponent) when is_number(Exponent) -> math:pow(Base, Exponent);
power(_, _) -> erlang:error(badarith).

-spec atan2(float(), term()) -> float().
atan2(Y, X) when is_number(X) -> math:atan2(Y, X);
atan2(_, _) -> erlang:error(badarith).
