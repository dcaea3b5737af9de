%%% The class ReactiveSubprocess: opening one, which runs apart from whoever opens it.
-module(beamtalk_reactive_subprocess).

-export([open/6]).
-export([start_link/1]).

-define(CLASS, 'ReactiveSubprocess').

%% Arguments of a wrong type raise, what cannot be started is a Result.
-spec open(term(), term(), term(), term(), term(), atom()) -> beamtalk_result:result().
open(Command, Args, Environment, Folder, Notify, Selector) ->
    Given = #{executable => Command, args => Args, env => Environment, dir => Folder, notify => Notify},
    case beamtalk_native:start('bt@stdlib@ReactiveSubprocess', Given, none) of
        {ok, Pid} -> beamtalk_result:ok({'$actor', 'bt@stdlib@ReactiveSubprocess', Pid});
        {error, #{kind := type_error} = Exception} -> erlang:error(beamtalk_subprocess:in_message(Selector, Exception));
        {error, Exception} -> beamtalk_result:error(beamtalk_subprocess:in_message(Selector, Exception))
    end.

%% What is given: as for a Subprocess, and `notify'.
-spec start_link(map()) -> {ok, pid()} | {error, beamtalk_error:exception()}.
start_link(#{notify := {'$actor', _, _} = Actor} = Given) ->
    beamtalk_subprocess_server:start_link(?CLASS, Given, Actor);
start_link(_) ->
    {error, beamtalk_error:make(type_error, ?CLASS, 'spawnWith:', <<"What is notified must be an actor">>)}.
