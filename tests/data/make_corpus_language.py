"""Makes corpus/gensim-*, spacy-*, nltk-*, statsmodels-*. Releases: 4.4.0, 3.8.18, the newest, 0.15.0 and 0.13.5."""

import importlib.util
import os

import numpy as np
from corpus_writing import Folder

TEXTS = [line.split() for line in ("the cat sat on the mat", "a dog ran over the hill", "the cat and the dog slept")]


def gensim():
    import gensim
    from gensim import corpora, models

    out = Folder("gensim", gensim.__version__)
    os.chdir(out.path)  # Models remember where they were saved.
    dictionary = corpora.Dictionary(TEXTS)
    bags = [dictionary.doc2bow(text) for text in TEXTS]
    models.Word2Vec(TEXTS, vector_size=4, min_count=1).save("word2vec.model")
    models.Word2Vec(TEXTS, vector_size=4, min_count=1).wv.save("vectors.kv")
    models.Doc2Vec([models.doc2vec.TaggedDocument(text, [i]) for i, text in enumerate(TEXTS)], vector_size=4, min_count=1).save("doc2vec.model")
    models.FastText(TEXTS, vector_size=4, min_count=1, bucket=20).save("fasttext.model")
    dictionary.save("dictionary.dict")
    models.TfidfModel(bags, dictionary=dictionary).save("tfidf.model")
    models.LdaModel(bags, num_topics=2, id2word=dictionary).save("lda.model")
    models.LsiModel(bags, num_topics=2, id2word=dictionary).save("lsi.model")
    models.phrases.Phrases(TEXTS, min_count=1).save("phrases.pkl")
    models.phrases.Phrases(TEXTS, min_count=1).freeze().save("phraser.pkl")
    gensim.similarities.MatrixSimilarity(models.TfidfModel(bags)[bags], num_features=len(dictionary)).save("similarities.index")
    out.check()


def spacy():
    import pickle

    import spacy

    out = Folder("spacy", spacy.__version__)
    language = spacy.blank("en")
    document = language("The cat sat.")
    # The whole vocabulary of a language is far larger than a place in a repository is worth.
    out.bytes("strings.pkl", pickle.dumps(spacy.strings.StringStore(["cat", "sat"])))
    vocabulary = spacy.vocab.Vocab()
    out.bytes("vocab.pkl", pickle.dumps(vocabulary))
    out.bytes("doc.pkl", pickle.dumps(spacy.tokens.Doc(vocabulary, words=[t.text for t in document])))
    out.bytes("span_groups.spacy", spacy.tokens.DocBin(docs=[document]).to_bytes())


def nltk():
    import nltk
    from nltk import chunk, classify, lm, probability, stem, tag, tokenize  # noqa: F401
    from nltk.tokenize import punkt

    out = Folder("nltk", nltk.__version__)
    tagged = [[("the", "DT"), ("cat", "NN")], [("a", "DT"), ("dog", "NN")]]
    model = lm.MLE(2)
    model.fit(*lm.preprocessing.padded_everygram_pipeline(2, TEXTS))
    made = {
        "punkt": punkt.PunktSentenceTokenizer("A cat. A dog. Mr. Cat ran."),
        "naive_bayes": classify.NaiveBayesClassifier.train([({"a": 1}, "x"), ({"a": 2}, "y")]),
        "tagger": nltk.UnigramTagger(tagged, backoff=nltk.DefaultTagger("NN")),
        "regexp_tagger": nltk.RegexpTagger([(r".*ing$", "VBG")]),
        "frequencies": [nltk.FreqDist("aab"), nltk.ConditionalFreqDist([("a", 1)])],
        "stemmers": [stem.PorterStemmer(), stem.SnowballStemmer("english"), tokenize.RegexpTokenizer(r"\w+")],
        "language_model": model,
        "tree": nltk.Tree.fromstring("(S (NP cat) (VP sat))"),
    }
    out.pickles(made, (2, 4))


def statsmodels():
    import statsmodels
    import statsmodels.api as sm
    import statsmodels.formula.api as smf
    import pandas as pd
    from statsmodels.tsa.api import ARIMA, SimpleExpSmoothing

    out = Folder("statsmodels", statsmodels.__version__)
    random = np.random.RandomState(0)
    x = sm.add_constant(random.rand(20, 2))
    y = x @ [1.0, 2.0, 3.0] + random.rand(20) / 10
    frame = pd.DataFrame({"y": y, "a": x[:, 1]})
    made = {
        "ols": sm.OLS(y, x).fit(),
        "logit": sm.Logit((y > y.mean() + random.randn(20)).astype(int), x).fit(disp=0),
        "glm": sm.GLM(np.abs(y), x, family=sm.families.Poisson()).fit(),
        "formula": smf.ols("y ~ a", frame).fit(),
        "smoothing": SimpleExpSmoothing(y, initialization_method="estimated").fit(),
        "arima": ARIMA(y, order=(1, 0, 0)).fit(),
    }
    for name, result in made.items():
        result.remove_data() if hasattr(result, "remove_data") else None
        result.save(str(out(f"{name}.pickle")))
    large = [path for path in out.path.iterdir() if path.stat().st_size > 40_000]
    for path in large:
        path.unlink()
    out.check()


def main():
    for make in (gensim, spacy, nltk, statsmodels):
        if importlib.util.find_spec(make.__name__):
            make()


if __name__ == "__main__":
    main()
