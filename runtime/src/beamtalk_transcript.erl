%%% The Transcript: primitives of TranscriptStream, and the workspace's one stream.
%%%
%%% A stream is an ordinary actor with the fields `entries' (a queue), `count', `subscribers' and `max_buffer'. What is
%%% written to the workspace's own stream also goes to the host.
-module(beamtalk_transcript).

-export([current/0, write/1, show/2, cr/1, recent/1, clear/1, subscribe/1, unsubscribe/1]).

-define(CLASS, 'bt@stdlib@TranscriptStream').
-define(NAME, beamtalk_transcript).
-define(MAX_ENTRIES, 1000).

%% The workspace's stream; it starts when it is asked for and is not there. It is temporary: programs may kill it as often as
%% they like, which must not count as a failure of the runtime.
-spec current() -> beamtalk_actor:actor().
current() ->
    case whereis(?NAME) of
        Pid when is_pid(Pid) ->
            {'$actor', ?CLASS, Pid};
        _ ->
            Spec = #{
                id => ?NAME,
                start => {beamtalk_actor, start_link, [?NAME, ?CLASS, #{}]},
                restart => temporary
            },
            case supervisor:start_child(beamtalk_sup, Spec) of
                {ok, Pid} ->
                    {'$actor', ?CLASS, Pid};
                {error, {already_started, Pid}} when is_pid(Pid) ->
                    %% Its end may not have reached the supervisor yet.
                    case is_process_alive(Pid) of
                        true -> {'$actor', ?CLASS, Pid};
                        false -> current()
                    end;
                {error, _} ->
                    beamtalk_error:class_not_found(<<"TranscriptStream">>)
            end
    end.

%% Writes text to the workspace's stream, if there is one.
-spec write(binary()) -> nil.
write(Text) ->
    case beamtalk_registry:exports(?CLASS, '$info', 1) of
        true -> beamtalk_actor:cast(current(), 'show:', [Text]);
        false -> nil
    end.

%% The following run in the stream's own process.

-spec show(beamtalk_actor:actor(), term()) -> beamtalk_actor:actor().
show(Self, Value) ->
    append(Self, beamtalk_print:transcript_text(Value)).

-spec cr(beamtalk_actor:actor()) -> beamtalk_actor:actor().
cr(Self) ->
    append(Self, <<"\n">>).

append({_, _, Pid} = Self, Text) ->
    Fields = get(Pid),
    Entries = queue:in(Text, field(entries, Fields, queue:new())),
    Count = field(count, Fields, 0) + 1,
    {Kept, KeptCount} =
        case Count > field(max_buffer, Fields, ?MAX_ENTRIES) of
            true -> {queue:drop(Entries), Count - 1};
            false -> {Entries, Count}
        end,
    Subscribers = field(subscribers, Fields, []),
    lists:foreach(fun(Subscriber) -> Subscriber ! {transcript, Text} end, Subscribers),
    Alive = [S || S <- Subscribers, node(S) =/= node() orelse is_process_alive(S)],
    put(Pid, Fields#{entries => Kept, count => KeptCount, subscribers => Alive}),
    whereis(?NAME) =:= Pid andalso beamtalk_host:event({transcript, Text}),
    Self.

-spec recent(beamtalk_actor:actor()) -> [binary()].
recent({_, _, Pid}) ->
    queue:to_list(field(entries, get(Pid), queue:new())).

-spec clear(beamtalk_actor:actor()) -> beamtalk_actor:actor().
clear({_, _, Pid} = Self) ->
    put(Pid, (get(Pid))#{entries => queue:new(), count => 0}),
    Self.

%% The caller of the message gets `{transcript, Text}' from now on.
-spec subscribe(beamtalk_actor:actor()) -> beamtalk_actor:actor().
subscribe(Self) ->
    change_subscribers(Self, fun(Caller, Others) -> [Caller | lists:delete(Caller, Others)] end).

-spec unsubscribe(beamtalk_actor:actor()) -> beamtalk_actor:actor().
unsubscribe(Self) ->
    change_subscribers(Self, fun lists:delete/2).

change_subscribers({_, _, Pid} = Self, Change) ->
    case beamtalk_actor:caller() of
        none ->
            Self;
        Caller ->
            Fields = get(Pid),
            put(Pid, Fields#{subscribers => Change(Caller, field(subscribers, Fields, []))}),
            Self
    end.

%% A field that the class declares without a default holds nil.
field(Name, Fields, Default) ->
    case Fields of
        #{Name := nil} -> Default;
        #{Name := Value} -> Value;
        #{} -> Default
    end.
