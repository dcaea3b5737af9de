%%% Evaluates blocks, which are funs, and checks those that library methods get, with the errors that a wrong one deserves.
%%%
%%% What is no fun and evaluated gets the message `value' sent, so that its own class says that it does not understand it.
-module(beamtalk_block).

-export([value/1, value/2, value/3, value/4, value_with_arguments/2, value_or_none/2, arity/1]).
-export([checked/4, deciding/3, unfit/4]).

-spec value(term()) -> term().
value(Block) when is_function(Block, 0) -> Block();
value(Block) when is_function(Block) -> wrong_count(Block, 0);
value(Other) -> beamtalk_dispatch:send(Other, value, []).

-spec value(term(), term()) -> term().
value(Block, A) when is_function(Block, 1) -> Block(A);
value(Block, _) when is_function(Block) -> wrong_count(Block, 1);
value(Other, A) -> beamtalk_dispatch:send(Other, 'value:', [A]).

-spec value(term(), term(), term()) -> term().
value(Block, A, B) when is_function(Block, 2) -> Block(A, B);
value(Block, _, _) when is_function(Block) -> wrong_count(Block, 2);
value(Other, A, B) -> beamtalk_dispatch:send(Other, 'value:value:', [A, B]).

-spec value(term(), term(), term(), term()) -> term().
value(Block, A, B, C) when is_function(Block, 3) -> Block(A, B, C);
value(Block, _, _, _) when is_function(Block) -> wrong_count(Block, 3);
value(Other, A, B, C) -> beamtalk_dispatch:send(Other, 'value:value:value:', [A, B, C]).

-spec value_with_arguments(fun(), term()) -> term().
value_with_arguments(Block, Arguments) when is_list(Arguments), length(Arguments) >= 0 ->
    case length(Arguments) of
        Count when is_function(Block, Count) -> apply(Block, Arguments);
        Count -> wrong_count(Block, Count)
    end;
value_with_arguments(_, _) ->
    beamtalk_error:raise(argument_error, 'Block', 'valueWithArguments:', <<"The arguments must be a List.">>).

%% The block's value with the argument, or without one if the block takes none.
-spec value_or_none(term(), term()) -> term().
value_or_none(Block, A) when is_function(Block, 1) -> Block(A);
value_or_none(Block, _) when is_function(Block, 0) -> Block();
value_or_none(Block, A) -> value(Block, A).

-spec arity(fun()) -> arity().
arity(Block) ->
    {arity, Arity} = erlang:fun_info(Block, arity),
    Arity.

%% ---- blocks as arguments -------------------------------------------------------------------------------------

%% The block, if it takes that many arguments. The receiver and selector are those of the message that got it.
-spec checked(term(), arity(), term(), atom()) -> fun().
checked(Block, Arity, _, _) when is_function(Block, Arity) -> Block;
checked(Block, Arity, Receiver, Selector) -> unfit(Block, Arity, beamtalk_registry:name_of(Receiver), Selector).

%% A block of one argument, held to answering a Boolean.
-spec deciding(term(), term(), atom()) -> fun((term()) -> boolean()).
deciding(Block, Receiver, Selector) ->
    Checked = checked(Block, 1, Receiver, Selector),
    fun(Element) ->
        case Checked(Element) of
            Answer when is_boolean(Answer) ->
                Answer;
            _ ->
                Name = beamtalk_registry:name_of(Receiver),
                beamtalk_error:raise(type_error, Name, Selector, <<"The block must answer true or false.">>)
        end
    end.

%% For what is no block, or one that takes another number of arguments.
-spec unfit(term(), arity(), atom(), atom()) -> no_return().
unfit(Block, Arity, _, _) when is_function(Block) -> wrong_count(Block, Arity);
unfit(_, 1, Name, Selector) -> beamtalk_error:raise(type_error, Name, Selector, <<"A block with 1 parameter is needed.">>);
unfit(_, 2, Name, Selector) -> beamtalk_error:raise(type_error, Name, Selector, <<"A block with 2 parameters is needed.">>).

-spec wrong_count(fun(), non_neg_integer()) -> no_return().
wrong_count(Block, Given) ->
    Expected = arity(Block),
    Message = io_lib:format("Wrong number of arguments: block expects ~b but was called with ~b", [Expected, Given]),
    beamtalk_error:raise_message(
        'bt@stdlib@RuntimeError',
        arity_mismatch,
        iolist_to_binary(Message),
        'Block',
        nil,
        <<"Check that your block has the right number of parameters (e.g., [:x | ...] for 1 argument)">>
    ).
