%%% A host for the tests: listens on a Unix socket and speaks the packet protocol (docs/internals/node-protocol.md).
-module(beamtalk_fake_host).

-export([listen/0, accept/1, path/1, close/1, hang_up/1, ask/2, send/2, reply/2, event/2, call/1, eval/4]).

-record(host, {listener, path, socket}).

listen() ->
    Path = filename:join("/tmp", io_lib:format("bt-~s-~b.sock", [os:getpid(), erlang:unique_integer([positive])])),
    {ok, Listener} = gen_tcp:listen(0, [{ifaddr, {local, Path}}, binary, {packet, 4}, {active, false}]),
    #host{listener = Listener, path = lists:flatten(Path)}.

path(#host{path = Path}) -> Path.

%% Waits for the node and takes its greeting.
accept(#host{listener = Listener} = Host) ->
    {ok, Socket} = gen_tcp:accept(Listener, 10000),
    {ok, Packet} = gen_tcp:recv(Socket, 0, 5000),
    {hello, Hello} = binary_to_term(Packet),
    {Host#host{socket = Socket}, Hello}.

close(#host{listener = Listener, path = Path} = Host) ->
    hang_up(Host),
    gen_tcp:close(Listener),
    file:delete(Path).

hang_up(#host{socket = undefined}) -> ok;
hang_up(#host{socket = Socket}) -> gen_tcp:close(Socket).

send(#host{socket = Socket}, Packet) when is_binary(Packet) -> ok = gen_tcp:send(Socket, Packet);
send(Host, Term) -> send(Host, term_to_binary(Term)).

ask(Host, Request) ->
    Id = erlang:unique_integer([positive]),
    send(Host, {Id, Request}),
    reply(Host, Id).

%% The reply to a request; events and other replies stay for later.
reply(Host, Id) ->
    take(Host, fun({reply, I, Status, Term}) when I =:= Id -> {ok, {Status, Term}}; (_) -> no end).

event(Host, Tag) ->
    take(Host, fun({event, E}) when element(1, E) =:= Tag -> {ok, E}; (_) -> no end).

%% What the node asks: the call's id and the request.
call(Host) ->
    take(Host, fun({call, Id, Request}) -> {ok, {Id, Request}}; (_) -> no end).

%% Packets that were read and not wanted yet wait in the process dictionary.
take(#host{socket = Socket}, Wanted) ->
    Waiting = case get(?MODULE) of undefined -> []; Packets -> Packets end,
    take(Socket, Wanted, Waiting, [], erlang:monotonic_time(millisecond) + 15000).

take(Socket, Wanted, [Packet | Rest], Skipped, Deadline) ->
    case Wanted(Packet) of
        {ok, Found} ->
            put(?MODULE, lists:reverse(Skipped, Rest)),
            Found;
        no ->
            take(Socket, Wanted, Rest, [Packet | Skipped], Deadline)
    end;
take(Socket, Wanted, [], Skipped, Deadline) ->
    case gen_tcp:recv(Socket, 0, max(0, Deadline - erlang:monotonic_time(millisecond))) of
        {ok, Packet} -> take(Socket, Wanted, [binary_to_term(Packet)], Skipped, Deadline);
        {error, Reason} -> {Reason, lists:reverse(Skipped)}
    end.

eval(Host, Session, Module, Text) ->
    Beam = beamtalk_fixture:eval_module(Module, Text),
    ask(Host, {eval, Session, atom_to_binary(Module), <<"input">>, Beam}).
