%%% What the workspace announces of itself, as events for `SystemAnnouncer current'.
%%%
%%% Nobody waits for a subscriber: each function only starts the handlers. With nobody listening it costs some
%%% nanoseconds. The host's pushes take another way (docs/internals/node-protocol.md).
-module(beamtalk_system_event).

-export([actor_spawned/2, actor_stopped/3, end_of/1, class_loaded/1, class_removed/1]).
-export([binding_changed/3, flush_completed/1, state_changed/3, child_added/3, child_crashed/3]).

-spec actor_spawned(pid(), module()) -> ok.
actor_spawned(Pid, Module) ->
    announce('bt@stdlib@ActorSpawned', fun() -> #{actorClass => name(Module), pid => Pid} end).

-spec actor_stopped(pid(), module(), normal | shutdown | crashed) -> ok.
actor_stopped(Pid, Module, Reason) ->
    announce('bt@stdlib@ActorStopped', fun() -> #{actorClass => name(Module), pid => Pid, reason => Reason} end).

%% How an actor ended, by the reason of its process. One that was killed, or whose end nobody saw, ended untold.
-spec end_of(term()) -> {told, normal | shutdown | crashed} | untold.
end_of(normal) -> {told, normal};
end_of(shutdown) -> {told, shutdown};
end_of({shutdown, _}) -> {told, shutdown};
end_of(killed) -> untold;
end_of(noproc) -> untold;
end_of(_) -> {told, crashed}.

-spec class_loaded(module()) -> ok.
class_loaded(Module) ->
    announce('bt@stdlib@ClassLoaded', fun() -> #{className => name(Module)} end).

-spec class_removed(module()) -> ok.
class_removed(Module) ->
    announce('bt@stdlib@ClassRemoved', fun() -> #{className => name(Module)} end).

%% `Session' is nil for a name that all sessions share.
-spec binding_changed(binary(), term(), binary() | nil) -> ok.
binding_changed(Name, Value, Session) ->
    announce('bt@stdlib@BindingChanged', fun() ->
        #{name => binary_to_atom(Name), value => Value, sessionId => Session}
    end).

%% Changes made at run time were written to these files, given by their absolute paths.
-spec flush_completed([binary()]) -> ok.
flush_completed([]) ->
    ok;
flush_completed(Files) ->
    announce('bt@stdlib@FlushCompleted', fun() -> #{files => Files} end).

-spec state_changed(pid(), module(), [atom()]) -> ok.
state_changed(Pid, Module, Fields) ->
    announce('bt@stdlib@ObjectStateChanged', fun() ->
        #{pid => Pid, actorClass => name(Module), changedSlots => Fields}
    end).

%% A supervisor of the class has a new child.
-spec child_added(module(), module(), pid()) -> ok.
child_added(Supervisor, Child, Pid) ->
    announce('bt@stdlib@SupervisionChildAdded', fun() ->
        #{supervisor => name(Supervisor), childClass => name(Child), childPid => Pid}
    end).

%% A supervisor of the class could not start a child; which one, its class says.
-spec child_crashed(module(), fun(() -> module() | unknown), binary()) -> ok.
child_crashed(Supervisor, Child, Reason) ->
    announce('bt@stdlib@SupervisionChildCrashed', fun() ->
        #{supervisor => name(Supervisor), childClass => name(Child()), childPid => nil, reason => Reason}
    end).

name(Module) ->
    beamtalk_registry:class_name(Module).

announce(Class, Fields) ->
    case beamtalk_announcer:is_heard() of
        true ->
            nil = beamtalk_announcer:announce_system((Fields())#{'$class' => Class}),
            ok;
        false ->
            ok
    end.
