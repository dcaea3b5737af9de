%%% What Tracing tells: recorded events and counts, and the state of actors and of the node, as Dictionaries with String keys.
%%%
%%% It only reads. What is recorded, and when, is `beamtalk_trace'.
-module(beamtalk_tracing).

-export([set_context/1, traces/0, traces/1, traces/2, counted/0, counted/1, queues/0, health/1, system_health/0]).

-type dictionary() :: #{binary() => term()}.

-define(MIB, 1048576).

%% ---- contexts ------------------------------------------------------------------------------------------------

-spec set_context(term()) -> nil.
set_context(Dictionary) when is_map(Dictionary), not is_map_key('$class', Dictionary) ->
    beamtalk_trace:set_context(Dictionary);
set_context(Other) ->
    type_error('setContext:', ["setContext: requires a Dictionary, got: ", beamtalk_display:short(Other)]).

%% ---- events --------------------------------------------------------------------------------------------------

%% The newest first.
-spec traces() -> [dictionary()].
traces() ->
    [trace(Event) || Event <- beamtalk_trace:events()].

-spec traces(term()) -> [dictionary()].
traces(Actor) ->
    {Pid, _} = process_of(Actor, 'tracesFor:'),
    [trace(Event) || #{pid := P} = Event <- beamtalk_trace:events(), P =:= Pid].

-spec traces(term(), term()) -> [dictionary()].
traces(Actor, Selector) when is_atom(Selector) ->
    {Pid, _} = process_of(Actor, 'tracesFor:selector:'),
    [trace(Event) || #{pid := P, selector := S} = Event <- beamtalk_trace:events(), P =:= Pid, S =:= Selector];
traces(_, Selector) ->
    Text = ["tracesFor:selector: requires a Symbol, got: ", beamtalk_display:short(Selector)],
    type_error('tracesFor:selector:', Text).

trace(#{app := App, span := Span, trace := Trace} = Event) ->
    Known = #{
        <<"timestamp_us">> => maps:get(at, Event),
        <<"actor">> => pid_text(maps:get(pid, Event)),
        <<"class">> => class_text(maps:get(class, Event)),
        <<"selector">> => atom_to_binary(maps:get(selector, Event)),
        <<"mode">> => atom_to_binary(maps:get(mode, Event)),
        <<"duration_us">> => maps:get(duration, Event) div 1000,
        <<"outcome">> => atom_to_binary(maps:get(outcome, Event)),
        <<"trace_id">> => identifier(Trace, 32),
        <<"span_id">> => identifier(Span, 16)
    },
    Parent = [{<<"parent_span_id">>, identifier(Id, 16)} || #{parent := Id} <- [Event], is_integer(Id)],
    Failure = [{<<"error">>, Text} || #{error := Text} <- [Event]],
    Kind = [{<<"kind">>, atom_to_binary(Atom)} || #{kind := Atom} <- [Event]],
    Context = maps:from_list([{key(Key), Value} || {Key, Value} <- maps:to_list(App)]),
    maps:merge(Context, maps:merge(Known, maps:from_list(Parent ++ Failure ++ Kind))).

key(Key) when is_atom(Key) -> atom_to_binary(Key);
key(Key) -> Key.

%% As W3C's Trace Context writes them: hexadecimal, of fixed length.
identifier(Number, Digits) ->
    Text = integer_to_binary(Number, 16),
    string:lowercase(<<(binary:copy(<<"0">>, max(0, Digits - byte_size(Text))))/binary, Text/binary>>).

%% ---- counts --------------------------------------------------------------------------------------------------

%% A Dictionary for each actor and selector: what was counted, with `class', `pid' and `selector'.
-spec counted() -> [dictionary()].
counted() ->
    counted(beamtalk_trace:counts(), beamtalk_actors:started(beamtalk_trace:cleared())).

-spec counted(term()) -> [dictionary()].
counted(Actor) ->
    {Pid, _} = process_of(Actor, 'statsFor:'),
    Started = [Row || {P, _} = Row <- beamtalk_actors:started(beamtalk_trace:cleared()), P =:= Pid],
    counted(beamtalk_trace:counts(Pid), Started).

counted(Rows, Started) ->
    Once = #{calls => 1, errors => 0, timed => 0, total => 0, min => 0, max => 0},
    All = Rows ++ [{Pid, Module, start, Once} || {Pid, Module} <- Started],
    Sums = lists:foldl(
        fun({Pid, Module, Selector, Numbers}, Sofar) ->
            maps:update_with({Pid, Selector}, fun({_, Before}) -> {Module, sum(Before, Numbers)} end, {Module, Numbers}, Sofar)
        end,
        #{},
        All
    ),
    [aggregate(Pid, Module, Selector, Numbers) || {{Pid, Selector}, {Module, Numbers}} <- lists:sort(maps:to_list(Sums))].

%% A user's method may be called `start', and two senders may have counted at once.
sum(A, B) ->
    Least = case [N || #{min := N} <- [A, B], N > 0] of [] -> 0; Times -> lists:min(Times) end,
    Added = maps:map(fun(Key, Value) -> Value + maps:get(Key, B) end, A),
    Added#{min := Least, max := max(maps:get(max, A), maps:get(max, B))}.

aggregate(Pid, Module, Selector, #{calls := Calls, errors := Errors, timed := Timed, total := Total, min := Min, max := Max}) ->
    #{
        <<"pid">> => pid_text(Pid),
        <<"class">> => class_text(Module),
        <<"selector">> => Selector,
        <<"calls">> => Calls,
        <<"ok">> => max(0, Calls - Errors),
        <<"errors">> => Errors,
        %% A call that timed out counts as an error.
        <<"timeouts">> => 0,
        <<"total_duration_ns">> => Total,
        <<"avg_duration_ns">> => Total div max(1, Timed),
        <<"min_duration_ns">> => Min,
        <<"max_duration_ns">> => Max
    }.

%% ---- live ----------------------------------------------------------------------------------------------------

%% The living actors, those with the most waiting messages first.
-spec queues() -> [dictionary()].
queues() ->
    Rows = [
        {-Waiting, Pid, Module, Memory}
     || {Pid, Module, _} <- beamtalk_actors:all(),
        [{_, Waiting}, {_, Memory}] <- [process_info(Pid, [message_queue_len, memory])]
    ],
    [
        #{
            <<"actor">> => pid_text(Pid),
            <<"class">> => class_text(Module),
            <<"queue_depth">> => -Waiting,
            <<"memory_kb">> => Memory div 1024
        }
     || {Waiting, Pid, Module, Memory} <- lists:sort(Rows)
    ].

-spec health(term()) -> dictionary().
health(Actor) ->
    {Pid, Module} = process_of(Actor, 'healthFor:'),
    Known = #{<<"pid">> => pid_text(Pid), <<"class">> => class_text(Module)},
    case is_pid(Pid) andalso process_info(Pid, [status, message_queue_len, memory, reductions]) of
        [{_, Status}, {_, Waiting}, {_, Memory}, {_, Reductions}] ->
            Known#{
                <<"status">> => Status,
                <<"queue_depth">> => Waiting,
                <<"memory_kb">> => Memory div 1024,
                <<"reductions">> => Reductions
            };
        _ ->
            Known#{<<"status">> => dead, <<"error">> => <<"process not alive">>}
    end.

-spec system_health() -> dictionary().
system_health() ->
    Memory = erlang:memory(),
    Mib = fun(Kind) -> round(100 * proplists:get_value(Kind, Memory) / ?MIB) / 100 end,
    #{
        <<"scheduler_count">> => erlang:system_info(schedulers_online),
        <<"process_count">> => erlang:system_info(process_count),
        <<"process_limit">> => erlang:system_info(process_limit),
        <<"run_queue">> => erlang:statistics(run_queue),
        <<"memory">> => #{
            <<"total_mb">> => Mib(total),
            <<"processes_mb">> => Mib(processes),
            <<"ets_mb">> => Mib(ets),
            <<"atom_mb">> => Mib(atom)
        },
        <<"vm_stats">> => maps:from_list([{atom_to_binary(Kind), Bytes} || {Kind, Bytes} <- Memory])
    }.

%% ---- arguments -----------------------------------------------------------------------------------------------

%% The process of an actor and its class's module; nil for a name that nobody has, and for the class of other processes.
process_of({'$actor', Module, Pid}, _) when is_pid(Pid), node(Pid) =:= node() ->
    {Pid, Module};
process_of({'$actor', Module, Name}, _) when is_atom(Name) ->
    case whereis(Name) of
        Pid when is_pid(Pid) -> {Pid, Module};
        _ -> {nil, Module}
    end;
process_of(Pid, _) when is_pid(Pid), node(Pid) =:= node() ->
    case beamtalk_actors:module(Pid) of
        {ok, Module} -> {Pid, Module};
        error -> {Pid, nil}
    end;
process_of(Other, Selector) ->
    type_error(Selector, ["Expected an actor or pid, got: ", beamtalk_display:short(Other)]).

pid_text(nil) -> nil;
pid_text(Pid) -> list_to_binary(pid_to_list(Pid)).

class_text(nil) -> <<"unknown">>;
class_text(Module) -> atom_to_binary(beamtalk_registry:class_name(Module)).

-spec type_error(atom(), iodata()) -> no_return().
type_error(Selector, Text) ->
    Message = unicode:characters_to_binary(Text),
    beamtalk_error:raise_message('bt@stdlib@TypeError', type_error, Message, 'Tracing', Selector, nil).
