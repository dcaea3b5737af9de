%%% Random numbers from OTP's `exsss' generator. An instance holds a state and never moves on.
-module(beamtalk_random).

-export([new/0, seed/1, next/1, next_integer/1, next_integer/2]).

-type random() :: #{'$class' := module(), state := rand:state()}.

-spec new() -> random().
new() ->
    random(rand:seed_s(exsss)).

-spec seed(term()) -> random().
seed(Seed) when is_integer(Seed) -> random(rand:seed_s(exsss, {Seed, Seed, Seed}));
seed(_) -> type_error('seed:', <<"The seed must be an Integer.">>).

random(State) ->
    #{'$class' => 'bt@stdlib@Random', state => State}.

-spec next(random()) -> float().
next(#{state := State}) ->
    {Float, _} = rand:uniform_s(State),
    Float.

%% From the process's own generator.
-spec next_integer(term()) -> pos_integer().
next_integer(Max) when is_integer(Max), Max >= 1 -> rand:uniform(Max);
next_integer(_) -> bad_limit().

-spec next_integer(random(), term()) -> pos_integer().
next_integer(#{state := State}, Max) when is_integer(Max), Max >= 1 ->
    {Integer, _} = rand:uniform_s(Max, State),
    Integer;
next_integer(_, _) ->
    bad_limit().

-spec bad_limit() -> no_return().
bad_limit() ->
    type_error('nextInteger:', <<"The greatest number must be an Integer of at least 1.">>).

-spec type_error(atom(), binary()) -> no_return().
type_error(Selector, Hint) ->
    beamtalk_error:raise(type_error, 'Random', Selector, Hint).
