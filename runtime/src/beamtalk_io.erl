%%% The group leader of a session: output goes to the host as it is written, input is asked of it.
%%%
%%% Speaks OTP's I/O protocol (stdlib user's guide, "The Erlang I/O Protocol"). Output waits for the socket, so a
%%% program that writes faster than the host reads is held up and nothing piles up here.
-module(beamtalk_io).
-behaviour(gen_server).

-export([start_link/2, input/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-record(state, {
    session :: binary(),
    controller :: pid(),
    %% what the host sent and nobody has read
    buffer = [] :: string(),
    eof = false :: boolean(),
    %% requests that wait for input, the first in front
    waiting = [] :: [{pid(), term(), read()}],
    binary = true :: boolean()
}).

%% What a reader wants: the encoding of its answer and the function that takes it from the buffer.
-type read() :: {unicode | latin1, prompt(), line | {chars, non_neg_integer()} | {until, module(), atom(), list(), term()}}.
-type prompt() :: term().

-spec start_link(binary(), pid()) -> {ok, pid()}.
start_link(Session, Controller) ->
    gen_server:start_link(?MODULE, {Session, Controller}, []).

-spec input(pid(), binary() | eof) -> ok.
input(Leader, Data) ->
    gen_server:cast(Leader, {input, Data}).

-spec init({binary(), pid()}) -> {ok, #state{}}.
init({Session, Controller}) ->
    process_flag(trap_exit, true),
    {ok, #state{session = Session, controller = Controller}}.

-spec handle_call(term(), gen_server:from(), #state{}) -> {reply, ok, #state{}}.
handle_call(_, _, State) ->
    {reply, ok, State}.

-spec handle_cast({input, binary() | eof}, #state{}) -> {noreply, #state{}}.
handle_cast({input, eof}, State) ->
    {noreply, serve(State#state{eof = true})};
handle_cast({input, Data}, #state{buffer = Buffer} = State) ->
    {noreply, serve(State#state{buffer = Buffer ++ characters(Data)})}.

-spec handle_info(term(), #state{}) -> {noreply, #state{}} | {stop, normal, #state{}}.
handle_info({io_request, From, ReplyAs, Request}, State) ->
    {noreply, request(From, ReplyAs, Request, State)};
handle_info({'EXIT', Controller, _}, #state{controller = Controller} = State) ->
    {stop, normal, State};
handle_info(_, State) ->
    {noreply, State}.

%% ---- requests ------------------------------------------------------------------------------------------------

request(From, ReplyAs, Request, State) ->
    case run(Request, State) of
        {answer, Answer, State1} ->
            From ! {io_reply, ReplyAs, Answer},
            State1;
        {wait, Read, #state{waiting = []} = State1} ->
            serve(State1#state{waiting = [{From, ReplyAs, Read}]});
        {wait, Read, #state{waiting = Waiting} = State1} ->
            State1#state{waiting = Waiting ++ [{From, ReplyAs, Read}]}
    end.

run({put_chars, Encoding, Chars}, State) ->
    put_chars(Encoding, Chars, State);
run({put_chars, Encoding, Module, Function, Args}, State) ->
    try apply(Module, Function, Args) of
        Chars -> put_chars(Encoding, Chars, State)
    catch
        _:_ -> {answer, {error, Function}, State}
    end;
run({put_chars, Chars}, State) ->
    put_chars(latin1, Chars, State);
run({put_chars, Module, Function, Args}, State) ->
    run({put_chars, latin1, Module, Function, Args}, State);
run({get_line, Encoding, Prompt}, State) ->
    {wait, {Encoding, Prompt, line}, State};
run({get_line, Prompt}, State) ->
    {wait, {latin1, Prompt, line}, State};
run({get_chars, Encoding, Prompt, N}, State) when is_integer(N), N >= 0 ->
    {wait, {Encoding, Prompt, {chars, N}}, State};
run({get_chars, Prompt, N}, State) when is_integer(N), N >= 0 ->
    {wait, {latin1, Prompt, {chars, N}}, State};
run({get_until, Encoding, Prompt, Module, Function, Args}, State) ->
    {wait, {Encoding, Prompt, {until, Module, Function, Args, []}}, State};
run({get_until, Prompt, Module, Function, Args}, State) ->
    {wait, {latin1, Prompt, {until, Module, Function, Args, []}}, State};
run(getopts, #state{binary = Binary} = State) ->
    {answer, [{binary, Binary}, {encoding, unicode}, {echo, false}], State};
run({setopts, Options}, State) when is_list(Options) ->
    set_options(Options, State);
run({get_geometry, _}, State) ->
    {answer, {error, enotsup}, State};
run({requests, Requests}, State) when is_list(Requests) ->
    run_all(Requests, {answer, ok, State});
run(_, State) ->
    {answer, {error, request}, State}.

%% Several at once: the first that fails or waits ends the series.
run_all([Request | Rest], {answer, Answer, State}) when Answer =:= ok; not is_tuple(Answer) ->
    run_all(Rest, run(Request, State));
run_all(_, Outcome) ->
    Outcome.

set_options(Options, #state{binary = Binary} = State) ->
    case [Option || Option <- proplists:unfold(Options), not is_option(Option)] of
        [] -> {answer, ok, State#state{binary = proplists:get_value(binary, Options, Binary) =:= true}};
        _ -> {answer, {error, enotsup}, State}
    end.

is_option({binary, Value}) -> is_boolean(Value);
is_option({list, Value}) -> is_boolean(Value);
is_option({echo, Value}) -> is_boolean(Value);
is_option({encoding, Encoding}) -> lists:member(Encoding, [unicode, utf8, latin1]);
is_option(_) -> false.

put_chars(Encoding, Chars, #state{session = Session} = State) ->
    case unicode:characters_to_binary(Chars, in_encoding(Encoding)) of
        <<>> ->
            {answer, ok, State};
        Text when is_binary(Text) ->
            beamtalk_host:event({output, Session, Text}),
            {answer, ok, State};
        _ ->
            {answer, {error, {put_chars, Encoding, Chars}}, State}
    end.

in_encoding(latin1) -> latin1;
in_encoding(_) -> unicode.

%% ---- input ---------------------------------------------------------------------------------------------------

ask(Prompt, #state{session = Session}) ->
    beamtalk_host:event({input, Session, prompt_text(Prompt)}).

prompt_text({format, Format, Args}) -> prompt_text(catch io_lib:format(Format, Args));
prompt_text(Prompt) when is_atom(Prompt) -> atom_to_binary(Prompt);
prompt_text(Prompt) ->
    try unicode:characters_to_binary(Prompt) of
        Text when is_binary(Text) -> Text;
        _ -> <<>>
    catch
        error:badarg -> <<>>
    end.

characters(Data) ->
    case unicode:characters_to_list(Data) of
        Characters when is_list(Characters) -> Characters;
        _ -> binary_to_list(Data)
    end.

%% Answers readers in order as far as the buffer goes; then asks the host for more.
serve(#state{waiting = [{From, ReplyAs, {Encoding, Prompt, What}} | Rest]} = State) ->
    case take(What, State) of
        {answer, Answer, State1} ->
            From ! {io_reply, ReplyAs, encode(Answer, Encoding, State1)},
            serve(State1#state{waiting = Rest});
        {more, What1, State1} ->
            ask(Prompt, State1),
            State1#state{waiting = [{From, ReplyAs, {Encoding, Prompt, What1}} | Rest]}
    end;
serve(#state{waiting = []} = State) ->
    State.

take(line, #state{buffer = Buffer, eof = Eof} = State) ->
    case lists:splitwith(fun(Character) -> Character =/= $\n end, Buffer) of
        {Line, [$\n | Rest]} -> {answer, Line ++ "\n", State#state{buffer = Rest}};
        {[], []} when Eof -> {answer, eof, State#state{eof = false}};
        {Line, []} when Eof -> {answer, Line, State#state{buffer = []}};
        _ -> {more, line, State}
    end;
take({chars, N}, #state{buffer = Buffer, eof = Eof} = State) ->
    case length(Buffer) >= N of
        true ->
            {Taken, Rest} = lists:split(N, Buffer),
            {answer, Taken, State#state{buffer = Rest}};
        false when Eof, Buffer =:= [] ->
            {answer, eof, State#state{eof = false}};
        false when Eof ->
            {answer, Buffer, State#state{buffer = []}};
        false ->
            {more, {chars, N}, State}
    end;
take({until, _, _, _, _} = What, #state{buffer = [], eof = false} = State) ->
    {more, What, State};
take({until, Module, Function, Args, Continuation}, #state{buffer = Buffer} = State) ->
    Data = case Buffer of [] -> eof; _ -> Buffer end,
    try apply(Module, Function, [Continuation, Data | Args]) of
        {done, Result, eof} -> {answer, {term, Result}, State#state{buffer = [], eof = false}};
        {done, Result, Rest} -> {answer, {term, Result}, State#state{buffer = Rest}};
        {more, Next} -> take_more({until, Module, Function, Args, Next}, State#state{buffer = []});
        _ -> {answer, {term, {error, Function}}, State}
    catch
        _:_ -> {answer, {term, {error, Function}}, State#state{buffer = []}}
    end.

take_more(What, #state{eof = true} = State) -> take(What, State);
take_more(What, State) -> {more, What, State}.

encode({term, Result}, _, _) -> Result;
encode(eof, _, _) -> eof;
encode(Characters, latin1, #state{binary = Binary}) ->
    case unicode:characters_to_binary(Characters, unicode, latin1) of
        Text when is_binary(Text), Binary -> Text;
        Text when is_binary(Text) -> Characters;
        _ -> {error, {no_translation, unicode, latin1}}
    end;
encode(Characters, _, #state{binary = true}) -> unicode:characters_to_binary(Characters);
encode(Characters, _, _) -> Characters.
